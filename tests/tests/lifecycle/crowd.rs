//! Many connections, each held against what amoCRM knows of its grant.

use std::fmt;
use std::time::{Duration, Instant};

use amo_connect_tests::Served;

use crate::stage::Stage;

/// The least number of *Empty*, and so of the accounts that follow it.
const FIRST_ACCOUNT: u64 = 40_000_002;

/// How many accounts there are: more than connections end in a minute.
pub(crate) const ACCOUNTS: u16 = 400;

/// A lease (15 s), what may pass until its token is sent again (5 s), the answer, and a minute, if
/// whoever was killed had begun to look the account up.
const TRUTH_WITHIN: Duration = Duration::from_secs(85);

/// A user with a connection.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Which of amoCRM's grants is theirs, in the order they were given.
    grant: usize,
    /// The generation that the grant began with.
    first: u64,
    /// What is not decided yet.
    open: Option<Open>,
    /// The last call on their behalf: the kill it was for.
    called_for: usize,
}

/// A refresh whose process was killed.
struct Open {
    /// When, and the end of the lease that was on record then.
    killed: (Instant, u64),
    /// When somebody last began, as far as is known, and the end of the lease since then.
    begun: (Instant, u64),
    /// Whether somebody has begun again.
    is_recovery: bool,
    /// amoCRM has given a pair that nobody has saved, since the first sending.
    unsaved: bool,
    /// It had given it when the process was dead, and answers as soon as it has.
    was_answered: bool,
}

/// What the database says of a connection.
struct Row {
    generation: u64,
    state: String,
    reason: String,
    lease: String,
    lease_until: u64,
}

/// What became of refreshes that were under way when their process was killed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Toll {
    pub(crate) kills: usize,
    pub(crate) called: usize,
    pub(crate) in_flight: usize,
    /// The token was good and was sent again.
    pub(crate) healed: usize,
    /// amoCRM answered when the process was dead already.
    pub(crate) lost_on_the_way: usize,
    /// amoCRM had answered, and the process died before it had saved the pair.
    pub(crate) lost_in_hand: usize,
    /// Either, when a process that began again was killed too.
    pub(crate) lost_in_recovery: usize,
    pub(crate) longest: Duration,
}

impl fmt::Display for Toll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, called, in_flight, healed, lost_on_the_way, lost_in_hand, lost_in_recovery, longest } = self;
        write!(
            f,
            "{kills} kills, {called} calls, {in_flight} refreshes in flight: {healed} healed, {} lost \
             ({lost_on_the_way} answered too late, {lost_in_hand} answered and not saved, {lost_in_recovery} in a \
             recovery that was killed too); the truth was known at most {:.1} s after the kill",
            lost_on_the_way + lost_in_hand + lost_in_recovery,
            longest.as_secs_f64()
        )
    }
}

/// The users, in the order of their ids.
pub(crate) struct Crowd {
    members: Vec<Member>,
    /// How often anybody has connected.
    connected: u64,
    pub(crate) toll: Toll,
}

impl Crowd {
    /// Connects so many users, one after the other.
    pub(crate) async fn connected(stage: &Stage, service: &Served, size: usize) -> Self {
        let mut crowd = Self { members: Vec::new(), connected: 0, toll: Toll::default() };
        for grant in 0..size {
            let name = format!("u{grant:04}");
            connect(stage, service, &name, &mut crowd.connected).await;
            crowd.members.push(Member { name, grant, first: 1, open: None, called_for: 0 });
        }
        crowd
    }

    /// Up to `count` users whose connections are decided, those who waited longest first.
    pub(crate) fn choose(&mut self, count: usize) -> Vec<String> {
        let mut free: Vec<_> = self.members.iter_mut().filter(|member| member.open.is_none()).collect();
        free.sort_by_key(|member| member.called_for);
        free.truncate(count);
        let kill = self.toll.kills + 1;
        self.toll.called += free.len();
        free.into_iter()
            .map(|member| {
                member.called_for = kill;
                member.name.clone()
            })
            .collect()
    }

    /// Whether so many are free.
    pub(crate) fn has_free(&self, count: usize) -> bool {
        self.members.iter().filter(|member| member.open.is_none()).count() >= count
    }

    /// How many are not decided yet.
    pub(crate) fn open(&self) -> usize {
        self.members.iter().filter(|member| member.open.is_some()).count()
    }

    /// Takes in that a process was killed, and is dead.
    pub(crate) async fn killed(&mut self, stage: &Stage) {
        let grants = stage.sandbox.grants();
        self.toll.kills += 1;
        let now = Instant::now();
        for (member, row) in self.members.iter_mut().zip(rows(stage).await) {
            let at = (now, row.lease_until);
            match &mut member.open {
                // Somebody has begun again, and may have been the one who was killed.
                Some(open) if row.lease == "held" && row.lease_until > open.killed.1 => {
                    (open.killed, open.begun, open.is_recovery) = (at, at, true);
                }
                None if row.is_open() => {
                    self.toll.in_flight += 1;
                    let was_answered = grants[member.grant].refreshes > row.generation - member.first;
                    member.open =
                        Some(Open { killed: at, begun: at, is_recovery: false, unsaved: false, was_answered });
                }
                _ => {}
            }
        }
    }

    /// Looks what has been decided; checks that each decision is right and comes in time.
    pub(crate) async fn look(&mut self, stage: &Stage, service: &Served) {
        // Before the rows: a pair that is counted here may be saved there, not the other way round.
        let grants = stage.sandbox.grants();
        let rows = rows(stage).await;
        for (member, row) in self.members.iter_mut().zip(rows) {
            let Some(open) = &mut member.open else { continue };
            let saved = row.generation - member.first;
            if row.is_open() {
                let waited = open.begun.0.elapsed();
                assert!(waited < TRUTH_WITHIN, "{}: nobody knows after {waited:?}", member.name);
                if row.lease_until == open.begun.1 {
                    open.unsaved |= !open.is_recovery && grants[member.grant].refreshes > saved;
                } else {
                    (open.begun, open.is_recovery) = ((Instant::now(), row.lease_until), true);
                }
                continue;
            }
            self.toll.longest = self.toll.longest.max(open.killed.0.elapsed());
            // As it is now: it was decided after the grants were read.
            let rotated = stage.sandbox.grants()[member.grant].refreshes;
            if row.state == "connected" {
                assert_eq!(rotated, saved, "{}: what is stored is not what amoCRM holds live", member.name);
                self.toll.healed += 1;
            } else {
                assert_eq!((row.state.as_str(), row.reason.as_str()), ("needs_reauth", "rotation_lost"));
                assert_eq!(rotated, saved + 1, "{}: given up though its token was good", member.name);
                match (open.is_recovery && !open.unsaved, open.was_answered) {
                    (true, _) => self.toll.lost_in_recovery += 1,
                    (false, true) => self.toll.lost_in_hand += 1,
                    (false, false) => self.toll.lost_on_the_way += 1,
                }
                let standing = service.standing(&member.name).await;
                assert_eq!(standing, ("needs_reauth".to_owned(), "rotation_lost".into()));
                connect(stage, service, &member.name, &mut self.connected).await;
                (member.grant, member.first) = (stage.sandbox.grants().len() - 1, row.generation + 1);
            }
            member.open = None;
        }
    }

    /// Each connection is good: its refresh token is the one that amoCRM takes.
    pub(crate) async fn all_work(&self, stage: &Stage, service: &Served) {
        for member in &self.members {
            let leads = service.get(&member.name, "/leads?limit=1").await;
            assert_eq!(leads.status, 200, "{}: {leads:?}", member.name);
        }
        let (grants, rows) = (stage.sandbox.grants(), rows(stage).await);
        for (member, row) in self.members.iter().zip(rows) {
            assert_eq!(grants[member.grant].refreshes, row.generation - member.first, "{}", member.name);
        }
    }
}

impl Row {
    /// Whether it is not known what became of its refresh.
    fn is_open(&self) -> bool {
        self.state == "connected" && self.lease != "none"
    }
}

/// Connects `user` to the account whose turn it is: of one account, one refusal a minute counts.
async fn connect(stage: &Stage, service: &Served, user: &str, connected: &mut u64) {
    stage.connect_by(service, user, FIRST_ACCOUNT + *connected % u64::from(ACCOUNTS)).await;
    *connected += 1;
}

async fn rows(stage: &Stage) -> Vec<Row> {
    let query = "SELECT CAST(generation AS TEXT) || ' ' || state || ' ' || COALESCE(reauth_reason, '-') || ' ' || \
                 CASE WHEN lease_owner IS NOT NULL THEN 'held' WHEN lease_in_doubt THEN 'doubted' ELSE 'none' END || \
                 ' ' || CAST(COALESCE(lease_until, 0) AS TEXT) AS text FROM connections ORDER BY user_id";
    let rows = stage.texts(query).await.into_iter();
    rows.map(|row| {
        let columns: Vec<_> = row.split(' ').collect();
        let text = |column: usize| columns[column].to_owned();
        let number = |column: usize| columns[column].parse().unwrap();
        Row { generation: number(0), state: text(1), reason: text(2), lease: text(3), lease_until: number(4) }
    })
    .collect()
}
