//! What happens when: a calm, each attack alone, then everything at once.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::attacks::Attack;
use crate::faults::FaultMix;
use crate::troubles::Trouble;

/// No phase is shorter.
const SHORTEST: Duration = Duration::from_secs(6);

/// No attack alone is longer.
const LONGEST_ATTACK: Duration = Duration::from_mins(1);

/// Between two attacks, until what is left of the one before is gone.
pub(crate) const BETWEEN: Duration = Duration::from_secs(3);

/// The phases of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Users alone.
    pub(crate) calm: Duration,
    /// These, each alone, one after the other.
    pub(crate) attacks: Vec<Attack>,
    /// How long each is.
    pub(crate) attack: Duration,
    /// Faults, attacks in turn, and restarts at once.
    pub(crate) soak: Duration,
    /// Before that, on instances of their own, one after the other.
    pub(crate) troubles: Vec<Trouble>,
    /// How long each kind of fault, and each attack of the soak, lasts.
    pub(crate) spell: Duration,
    /// How long an instance lives between two restarts.
    pub(crate) life: Duration,
    /// How often the machine is looked at.
    pub(crate) sample: Duration,
    /// How long access tokens live, in seconds.
    pub(crate) token_life_s: u64,
}

impl Plan {
    /// The plan of these arguments, or which name is of no phase.
    pub(crate) fn of(arguments: &Arguments) -> Result<Self, String> {
        let whole = Duration::from_mins(arguments.minutes);
        let (mut attacks, mut troubles) = (Attack::ALL.to_vec(), Trouble::ALL.to_vec());
        if !arguments.only.is_empty() {
            let known = |name: &String| {
                attacks.iter().any(|attack| attack.name() == *name)
                    || troubles.iter().any(|trouble| trouble.name() == *name)
            };
            if let Some(unknown) = arguments.only.iter().find(|name| !known(name)) {
                return Err(format!("--only: there is no phase {unknown:?}; --plan tells all of them"));
            }
            attacks.retain(|attack| arguments.only.iter().any(|name| name == attack.name()));
            troubles.retain(|trouble| arguments.only.iter().any(|name| name == trouble.name()));
        }
        let parts = u32::try_from(Attack::ALL.len()).unwrap_or(u32::MAX);
        let calm = (whole / 20).max(SHORTEST);
        let attack = (whole * 3 / 10 / parts).clamp(SHORTEST, LONGEST_ATTACK);
        let of_attacks = (attack + BETWEEN) * u32::try_from(attacks.len()).unwrap_or(u32::MAX);
        let soak = whole.saturating_sub(calm + of_attacks).max(whole / 4);
        Ok(Self {
            calm,
            attacks,
            attack,
            soak,
            troubles,
            spell: (soak / 24).clamp(SHORTEST, LONGEST_ATTACK),
            life: (soak / 12).clamp(Duration::from_secs(8), Duration::from_mins(3)),
            sample: (soak / 60).clamp(Duration::from_secs(1), Duration::from_secs(10)),
            token_life_s: (soak.as_secs() / 4).clamp(30, 180),
        })
    }

    /// The plan as people read it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let s = |duration: Duration| duration.as_secs();
        let mut lines = vec![format!("calm: {} s", s(self.calm))];
        lines.extend(
            self.attacks
                .iter()
                .map(|attack| format!("{}: {} s, alone: {}", attack.name(), s(self.attack), attack.what())),
        );
        lines.extend(self.troubles.iter().map(|trouble| {
            format!("{}: until it is over, on an instance of its own: {}", trouble.name(), trouble.what())
        }));
        let mixes: Vec<_> = FaultMix::ALL.iter().map(|mix| mix.name()).collect();
        lines.push(format!(
            "soak: {} s at least, with faults in turn ({}), the attacks in turn, {} s each, and a restart each {} s",
            s(self.soak),
            mixes.join(", "),
            s(self.spell),
            s(self.life)
        ));
        lines.push("settling: until every write is answered for certain, at most 4 minutes".to_owned());
        lines
    }
}
