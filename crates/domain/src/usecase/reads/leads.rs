//! Listing a user's leads with their statuses and their contacts.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::try_join;

use crate::connection::Grant;
use crate::crm::lead::{AmoLead, Lead, LeadFilter, LeadStatus, MOST_STAGES};
use crate::crm::pipeline::Pipeline;
use crate::ids::UserId;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::users::Responsible;
use crate::usecase::reads::{ReadError, Reader, Reading};

/// What the app asks for. Unset means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeadRequest {
    /// What the CRM is asked for as it stands. Its stages and its responsible user are found by those below.
    pub filter: LeadFilter,
    /// Only this stage, of whichever pipeline.
    pub stage: Option<u64>,
    /// Only leads that the app calls so.
    pub status: Option<LeadStatus>,
    /// Only leads of this person.
    pub responsible: Option<Responsible>,
}

/// A page of leads for the app.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadList {
    /// In the order that was asked for.
    pub leads: Vec<Lead>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl UseCases {
    /// A page of `user`'s leads.
    pub async fn leads(&self, user: &UserId, request: &LeadRequest) -> Result<Arc<LeadList>, ReadError> {
        let page = |reader: Reader| {
            let (this, request) = (self.clone(), request.clone());
            let key = (reader.flight_key(), request.clone());
            self.reads.pages.join(key, || async move { Ok(this.page(&reader, &request).await?.map(Arc::new)) })
        };
        self.read(user, page).await
    }

    /// A page needs the pipelines: without them it would show wrong statuses, which is worse than
    /// none. Its guests are left out where they cannot be read.
    async fn page(&self, reader: &Reader, request: &LeadRequest) -> Result<Reading<LeadList>, AmoError> {
        let asking = try_join(self.pipelines_of(reader), self.number_of(reader, request.responsible));
        let (pipelines, responsible_user) = asking.await?;
        let Some(mut filter) = filter(request, &pipelines.what) else {
            return Ok(pipelines.map(|_| LeadList { leads: Vec::new(), has_more: false }));
        };
        // More stages than a request can name: all stages are listed, and leads of others left out here.
        let mut rest = LeadFilter::default();
        if filter.stages.len() > MOST_STAGES {
            rest.stages = std::mem::take(&mut filter.stages);
            filter.pipeline = request.filter.pipeline;
        }
        filter.responsible_user = responsible_user;
        let Grant { host, tokens, .. } = &reader.grant;
        let page = retried_if_lost(|| self.amo.leads(host, &tokens.access, &filter)).await?;
        let found = page.leads.into_iter().filter(|lead| rest.admits(lead)).collect();
        let leads = self.complete(reader, &pipelines.what, found).await;
        Ok(leads.map(|leads| LeadList { leads, has_more: page.has_more }))
    }

    /// Adds the status and the contact to each of `leads`.
    async fn complete(&self, reader: &Reader, pipelines: &[Pipeline], leads: Vec<AmoLead>) -> Reading<Vec<Lead>> {
        let pipelines: HashMap<u64, &Pipeline> = pipelines.iter().map(|pipeline| (pipeline.id, pipeline)).collect();
        let in_pipeline = |lead: AmoLead| {
            let pipeline = lead.pipeline.and_then(|id| pipelines.get(&id).copied());
            Lead::in_pipeline(lead, pipeline)
        };
        let mut leads: Vec<Lead> = leads.into_iter().map(in_pipeline).collect();

        let mut ids: Vec<u64> = leads.iter().filter_map(|lead| lead.lead.contact).collect();
        ids.sort_unstable();
        ids.dedup();
        let (contacts, gap) = self.contacts_of(reader, &ids).await;
        for lead in &mut leads {
            lead.guest = lead.lead.contact.and_then(|id| contacts.get(&id).cloned().flatten());
        }
        Reading::served(leads, gap)
    }
}

/// The request as a filter of amoCRM's; `None` if no stage fits it.
fn filter(request: &LeadRequest, pipelines: &[Pipeline]) -> Option<LeadFilter> {
    let by_stage = request.stage.is_some() || request.status.is_some();
    let stages: Vec<(u64, u64)> = pipelines
        .iter()
        .filter(|pipeline| by_stage && request.filter.pipeline.is_none_or(|id| id == pipeline.id))
        .flat_map(|pipeline| pipeline.stages.iter().map(move |stage| (pipeline, stage.id)))
        .filter(|(_, stage)| request.stage.is_none_or(|id| id == *stage))
        .filter(|(pipeline, stage)| request.status.is_none_or(|status| status == pipeline.status_of(*stage)))
        .map(|(pipeline, stage)| (pipeline.id, stage))
        .collect();
    if by_stage && stages.is_empty() {
        return None;
    }
    let pipeline = request.filter.pipeline.filter(|_| !by_stage);
    Some(LeadFilter { pipeline, stages, ..request.filter.clone() })
}
