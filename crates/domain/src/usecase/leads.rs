//! Listing a user's leads: the leads, their stages' meaning, and the people they are about.

use std::collections::HashMap;

use jiff::Timestamp;

use super::UseCases;
use super::access::AccessError;
use crate::connection::Grant;
use crate::ids::UserId;
use crate::lead::{Contact, Lead, LeadFilter, LeadStatus, Pipeline, status_of};
use crate::ports::AmoError;

/// What the app asks for. Unset means all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadRequest {
    /// The page, from 1.
    pub page: u32,
    /// Leads a page, 1 to 250.
    pub limit: u32,
    /// amoCRM's full-text search.
    pub query: Option<String>,
    /// Only this pipeline.
    pub pipeline: Option<u64>,
    /// Only this stage.
    pub stage: Option<u64>,
    /// Only leads that the app calls so.
    pub status: Option<LeadStatus>,
    /// Only leads changed at or after this moment.
    pub updated_since: Option<Timestamp>,
}

/// A page of leads for the app.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadList {
    /// In amoCRM's order.
    pub leads: Vec<Lead>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// Why leads could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum LeadsError {
    /// There was no access token.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// amoCRM did not answer as it should.
    #[error(transparent)]
    Amo(#[from] AmoError),
}

impl UseCases {
    /// A page of `user`'s leads.
    pub async fn leads(&self, user: &UserId, request: &LeadRequest) -> Result<LeadList, LeadsError> {
        let grant = self.access(user).await?;
        match self.leads_with(&grant, request).await {
            Err(AmoError::AccessRefused) => {
                let grant = self.access_after_refusal(user, &grant.tokens).await?;
                Ok(self.leads_with(&grant, request).await?)
            }
            page => Ok(page?),
        }
    }

    async fn leads_with(&self, grant: &Grant, request: &LeadRequest) -> Result<LeadList, AmoError> {
        let (host, token) = (&grant.host, &grant.tokens.access);
        let pipelines = self.amo.pipelines(host, token).await?;
        let Some(filter) = filter(request, &pipelines) else {
            return Ok(LeadList { leads: Vec::new(), has_more: false });
        };
        let page = self.amo.leads(host, token, &filter).await?;

        let mut ids: Vec<u64> = page.leads.iter().filter_map(|lead| lead.contact).collect();
        ids.sort_unstable();
        ids.dedup();
        let contacts = if ids.is_empty() { Vec::new() } else { self.amo.contacts(host, token, &ids).await? };
        let contacts: HashMap<u64, Contact> = contacts.into_iter().map(|contact| (contact.id, contact)).collect();
        let pipelines: HashMap<u64, Pipeline> = pipelines.into_iter().map(|pipeline| (pipeline.id, pipeline)).collect();
        let leads = page.leads.into_iter().map(|lead| Lead {
            status: status_of(lead.pipeline.and_then(|id| pipelines.get(&id)), lead.stage),
            guest: lead.contact.and_then(|id| contacts.get(&id).cloned()),
            lead,
        });
        Ok(LeadList { leads: leads.collect(), has_more: page.has_more })
    }
}

/// The request in amoCRM's terms; `None` if no stage there is can fit it.
fn filter(request: &LeadRequest, pipelines: &[Pipeline]) -> Option<LeadFilter> {
    let by_stage = request.stage.is_some() || request.status.is_some();
    let stages: Vec<(u64, u64)> = pipelines
        .iter()
        .filter(|pipeline| by_stage && request.pipeline.is_none_or(|id| id == pipeline.id))
        .flat_map(|pipeline| pipeline.stages.iter().map(move |stage| (pipeline, stage.id)))
        .filter(|(_, stage)| request.stage.is_none_or(|id| id == *stage))
        .filter(|(pipeline, stage)| request.status.is_none_or(|status| status == pipeline.status_of(*stage)))
        .map(|(pipeline, stage)| (pipeline.id, stage))
        .collect();
    if by_stage && stages.is_empty() {
        return None;
    }
    Some(LeadFilter {
        page: request.page,
        limit: request.limit,
        query: request.query.clone(),
        pipeline: request.pipeline.filter(|_| !by_stage),
        stages,
        updated_since: request.updated_since,
    })
}
