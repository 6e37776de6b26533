//! A line as one JSON object, in which an event's fields stand beside those of the spans around it.

use std::fmt::{self, Debug};
use std::ops::Range;

use serde::{Serialize, Serializer};
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::format::is_steering;
use super::queue::Lines;

/// The field that has a place of its own, before the others.
const MESSAGE: &str = "message";

/// Stands between the members of a span: JSON escapes it in texts.
const BETWEEN: char = '\n';

/// The fields of a span as members of the lines inside of it.
pub(super) struct JsonFields;

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut members = Members::default();
        fields.record(&mut members);
        members.write(&mut writer, BETWEEN)
    }

    fn add_fields(&self, known: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        if !known.fields.is_empty() {
            known.fields.push(BETWEEN);
        }
        self.format_fields(known.as_writer(), fields)
    }
}

/// One object a line.
pub(super) struct Json;

impl<S> FormatEvent<S, JsonFields> for Json
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Members::default();
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        line.set("timestamp", timestamp);
        line.set("level", event.metadata().level().as_str());
        line.set("target", event.metadata().target());
        let mut message = Message(None);
        event.record(&mut message);
        line.set(MESSAGE, message.0);
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                fields.fields.split(BETWEEN).for_each(|member| line.inherit(member));
            }
        }
        event.record(&mut line);
        writer.write_char('{')?;
        line.write(&mut writer, ',')?;
        writeln!(writer, "}}")
    }
}

/// A subscriber that writes everything, for a line that has to be written.
pub(super) fn json(lines: Lines) -> impl Subscriber + Send + Sync {
    let lines = layer().with_writer(lines).fmt_fields(JsonFields).event_format(Json);
    tracing_subscriber::registry().with(lines)
}

/// The text of the message.
struct Message(Option<String>);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == MESSAGE {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

/// Members of an object: of those with one name, the last.
#[derive(Default)]
struct Members {
    json: Vec<u8>,
    /// Where they are.
    places: Vec<Range<usize>>,
}

impl Members {
    fn set(&mut self, name: &str, value: impl Serialize) {
        let begin = self.json.len();
        // Into memory, and of texts and numbers: nothing can fail.
        let _ = serde_json::to_writer(&mut self.json, name);
        self.json.push(b':');
        let named = self.json.len();
        let _ = serde_json::to_writer(&mut self.json, &value);
        let Self { json, places } = self;
        places.retain(|place| !json[place.clone()].starts_with(&json[begin..named]));
        places.push(begin..json.len());
    }

    /// Takes a member as it is written.
    fn inherit(&mut self, member: &str) {
        let Some(end) = member.find("\":") else { return };
        let named = &member.as_bytes()[..end + 2];
        let Self { json, places } = self;
        places.retain(|place| !json[place.clone()].starts_with(named));
        let begin = json.len();
        json.extend_from_slice(member.as_bytes());
        places.push(begin..json.len());
    }

    fn write(&self, writer: &mut Writer<'_>, between: char) -> fmt::Result {
        for (number, place) in self.places.iter().enumerate() {
            if number > 0 {
                writer.write_char(between)?;
            }
            write_safely(writer, &String::from_utf8_lossy(&self.json[place.clone()]))?;
        }
        Ok(())
    }
}

/// Writes what cannot steer a terminal. Such characters are in texts alone, and JSON itself escapes only those before
/// the blank.
fn write_safely(writer: &mut Writer<'_>, member: &str) -> fmt::Result {
    if member.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return writer.write_str(member);
    }
    for character in member.chars() {
        if is_steering(character) {
            write!(writer, "\\u{:04x}", u32::from(character))?;
        } else {
            writer.write_char(character)?;
        }
    }
    Ok(())
}

impl Visit for Members {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != MESSAGE {
            self.set(field.name(), Shown(value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value);
    }
}

/// A value by its `Debug`, as a text.
struct Shown<'v>(&'v dyn Debug);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::telemetry::queue::Queue;

    /// The line that `work` logs.
    fn logged(work: impl FnOnce()) -> String {
        let (queue, mut output) = (Arc::new(Queue::default()), Vec::new());
        tracing::subscriber::with_default(json(Lines(Arc::clone(&queue))), work);
        queue.write_waiting(Duration::ZERO, &mut output);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_field_stands_once_and_the_innermost_one_counts() {
        let line = logged(|| {
            let outer = tracing::info_span!("outer", id = "outer", of.outer = 1, late = tracing::field::Empty);
            outer.record("late", true);
            let inner = tracing::info_span!(parent: &outer, "inner", id = "inner", of.inner = 1.5);
            inner.in_scope(|| tracing::info!(of.outer = 2, user = "olena", none = None::<u8>, "answered {}", 7));
        });
        let (_, members) = line.split_once(",\"level\"").unwrap();
        assert_eq!(
            members,
            ":\"INFO\",\"target\":\"amo_connect::telemetry::json::tests\",\"message\":\"answered 7\",\"late\":true,\
             \"id\":\"inner\",\"of.inner\":1.5,\"of.outer\":2,\"user\":\"olena\"}\n"
        );
    }

    #[test]
    fn no_value_ends_a_line_or_forges_a_member_or_steers_a_terminal() {
        let value = "a\",\"forged\":\"b\nc\u{1b}[2J\u{9b}\u{202e}ї";
        let line = logged(|| {
            let span = tracing::info_span!("span", in_span = value);
            span.in_scope(|| tracing::info!(user = value, shown = ?value, "{value}"));
        });
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains(|character| is_steering(character) && character != '\n'), "{line:?}");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["user"], &line["in_span"], &line["message"]), (&value.into(), &value.into(), &value.into()));
        assert_eq!(line["shown"], format!("{value:?}"));
        assert!(line.get("forged").is_none());
    }
}
