//! What not every CRM has, and what other CRMs call things.

/// What a CRM may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// A stage of unsorted leads.
    UnsortedStage,
    /// Pipelines that are put away.
    Archive,
    /// A look-up of where an account answers: its accounts never move.
    LookUp,
    /// A hook that says that the integration was switched off.
    Hook,
    /// The account's host, named with a pair.
    HostWithPair,
    /// The account's number, named with a pair. Without it the service asks for the account.
    AccountWithPair,
    /// Stages of closed leads. Where won and lost are words of the lead alone, the client gives each
    /// pipeline such stages of its own making.
    ClosedStages,
    /// A stage's color, and whether it can be changed.
    StageDetails,
    /// A word for a refused code that is not the one for a refused refresh token.
    RefusalsApart,
    /// Leads that it puts together with others when they are made.
    MergedLeads,
}

impl Feature {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::UnsortedStage,
        Self::Archive,
        Self::LookUp,
        Self::Hook,
        Self::HostWithPair,
        Self::AccountWithPair,
        Self::ClosedStages,
        Self::StageDetails,
        Self::RefusalsApart,
        Self::MergedLeads,
    ];

    /// The cases that make no sense without it. Other cases leave out what concerns it.
    pub fn cases(self) -> &'static [&'static str] {
        match self {
            Self::UnsortedStage => &["an_unsorted_stage_is_told_apart"],
            Self::Archive => &["pipelines_that_are_put_away_are_listed"],
            Self::LookUp => &[
                "an_account_is_found_where_it_answers",
                "a_refused_look_up_finds_nothing",
                "a_look_up_that_was_not_answered_is_told_apart",
                "an_account_is_followed_to_no_host_that_is_not_allowed",
            ],
            Self::Hook => &["a_hook_is_believed_if_all_of_it_is_right"],
            Self::HostWithPair => &["a_host_that_is_named_with_a_pair_is_told"],
            Self::AccountWithPair => &["the_account_is_told_with_the_pair"],
            Self::ClosedStages => &["closed_stages_are_told_apart", "a_filter_of_closed_stages_reaches_the_crm"],
            Self::StageDetails => &["colors_of_stages_are_told"],
            Self::RefusalsApart => &[],
            Self::MergedLeads => &["a_lead_that_was_put_together_with_another_is_not_new"],
        }
    }
}

/// The cases that are left out for a CRM that lacks these.
pub fn left_out(lacks: &[Feature]) -> Vec<&'static str> {
    lacks.iter().flat_map(|feature| feature.cases()).copied().collect()
}

/// What has a number in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// An account.
    Account,
    /// A lead.
    Lead,
    /// A contact.
    Contact,
    /// A pipeline.
    Pipeline,
    /// A stage.
    Stage,
    /// A person who is responsible for a lead.
    User,
}
