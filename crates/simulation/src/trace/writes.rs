//! Short summaries of the records of writes, for the trace.

use amo_connect_domain::idempotency::{Begun, NotSent, Sending, Settled, WriteRecord, WriteState};

use super::rows::{Traced, lease};

impl Traced for Sending {
    fn short(&self) -> String {
        format!("sent {:.3} by {:02x}{:02x}", self.at, self.by.0[0], self.by.0[1])
    }
}

impl Traced for WriteRecord {
    fn short(&self) -> String {
        let Self { key, account, author, epoch, kind, object, comment, state, .. } = self;
        let key = format!("{:02x}{:02x}", key.0[0], key.0[1]);
        let state = match state {
            WriteState::Underway { lease: held, sent } => {
                format!("{}, {}", lease(held.owner, held.until), sent.short())
            }
            WriteState::OutcomeUnknown(sent) => format!("UNKNOWN, {}", sent.short()),
            WriteState::Done { missing_comment, .. } => format!("DONE, missing comment {missing_comment}"),
        };
        let made = object.map_or_else(String::new, |object| format!(" made {object:?}, comment {comment:?}"));
        format!("{key} {kind:?} in {account} by {author:?} epoch {}{made}: {state}", epoch.0)
    }
}

impl Traced for Begun {
    fn short(&self) -> String {
        match self {
            Self::Granted(record) => format!("granted: {}", record.short()),
            Self::InDoubt(record, doubt) => {
                let (absence, presence) = (doubt.absence_counts, doubt.presence_counts);
                format!("IN DOUBT, absence counts {absence}, presence {presence}: {}", record.short())
            }
            Self::Held(_) => "held".to_owned(),
            Self::Replay(record) => format!("replay: {}", record.short()),
            Self::Expired | Self::Reused | Self::Disconnected | Self::Full(_) => format!("{self:?}"),
        }
    }
}

impl Traced for Result<WriteRecord, NotSent> {
    fn short(&self) -> String {
        match self {
            Ok(record) => record.short(),
            Err(not) => format!("{not:?}"),
        }
    }
}

impl Traced for Settled {
    fn short(&self) -> String {
        match self {
            Self::OnRecord(record) => record.short(),
            Self::NoRecord | Self::Claimed => format!("{self:?}"),
        }
    }
}
