//! Listing a user's leads with their statuses and their contacts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::connection::Grant;
use crate::crm::lead::{AmoLead, Lead, LeadFilter, LeadStatus, MOST_STAGES};
use crate::crm::pipeline::{Pipeline, status_of};
use crate::ids::UserId;
use crate::ports::AmoError;
use crate::usecase::UseCases;
use crate::usecase::reads::retry::retried_if_lost;
use crate::usecase::reads::{ReadError, Reader, Reading};

/// What the app asks for. Unset means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeadRequest {
    /// What the CRM is asked for as it stands. Its stages are found by the two below.
    pub filter: LeadFilter,
    /// Only this stage, of whichever pipeline.
    pub stage: Option<u64>,
    /// Only leads that the app calls so.
    pub status: Option<LeadStatus>,
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

    /// `user`'s lead with this number; `None` if there is none, or it was deleted.
    pub async fn lead(&self, user: &UserId, id: u64) -> Result<Option<Arc<Lead>>, ReadError> {
        let lead = |reader: Reader| {
            let (this, key) = (self.clone(), (reader.flight_key(), id));
            self.reads
                .leads
                .join(key, move || async move { Ok(this.one(&reader, id).await?.map(|lead| lead.map(Arc::new))) })
        };
        match self.read(user, lead).await {
            // The account is where it was, so it is the lead that is not there.
            Err(ReadError::Amo(AmoError::NotFound)) => Ok(None),
            outcome => outcome,
        }
    }

    /// A page needs the pipelines: without them it would show wrong statuses, which is worse than
    /// none. Its guests are left out where they cannot be read.
    async fn page(&self, reader: &Reader, request: &LeadRequest) -> Result<Reading<LeadList>, AmoError> {
        let pipelines = self.pipelines_of(reader).await?;
        let Some(mut filter) = filter(request, &pipelines.what) else {
            return Ok(pipelines.map(|_| LeadList { leads: Vec::new(), has_more: false }));
        };
        // More stages than a request can name: all stages are listed, and leads of others left out here.
        let mut rest = LeadFilter::default();
        if filter.stages.len() > MOST_STAGES {
            rest.stages = std::mem::take(&mut filter.stages);
            filter.pipeline = request.filter.pipeline;
        }
        let Grant { host, tokens, .. } = &reader.grant;
        let page = retried_if_lost(|| self.amo.leads(host, &tokens.access, &filter)).await?;
        let found = page.leads.into_iter().filter(|lead| rest.admits(lead)).collect();
        let leads = self.complete(reader, &pipelines.what, found).await;
        Ok(leads.map(|leads| LeadList { leads, has_more: page.has_more }))
    }

    async fn one(&self, reader: &Reader, id: u64) -> Result<Reading<Option<Lead>>, AmoError> {
        let Grant { host, tokens, .. } = &reader.grant;
        let Some(lead) = retried_if_lost(|| self.amo.lead(host, &tokens.access, id)).await? else {
            return Ok(Reading::served(None, None));
        };
        let pipelines = self.pipelines_of(reader).await.map_err(|error| match error {
            // The lead is here, so the account is. A 404 for its pipelines makes no sense.
            AmoError::NotFound => AmoError::Protocol,
            error => error,
        })?;
        Ok(self.complete(reader, &pipelines.what, vec![lead]).await.map(|mut leads| leads.pop()))
    }

    /// Adds the status and the contact to each of `leads`.
    async fn complete(&self, reader: &Reader, pipelines: &[Pipeline], leads: Vec<AmoLead>) -> Reading<Vec<Lead>> {
        let pipelines: HashMap<u64, &Pipeline> = pipelines.iter().map(|pipeline| (pipeline.id, pipeline)).collect();
        let with_status = |lead: AmoLead| {
            let pipeline = lead.pipeline.and_then(|id| pipelines.get(&id).copied());
            let status_name = pipeline.zip(lead.stage).and_then(|(pipeline, stage)| pipeline.name_of(stage));
            Lead {
                status: status_of(&lead, pipeline),
                status_name: status_name.map(str::to_owned),
                pipeline_name: pipeline.map(|pipeline| pipeline.name.clone()),
                guest: None,
                lead,
            }
        };
        let mut leads: Vec<Lead> = leads.into_iter().map(with_status).collect();

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
