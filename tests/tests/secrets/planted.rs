//! What must not be found: each secret, as it is and as others would write it, and the search for parts of it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt::{self, Write as _};
use std::hash::BuildHasher as _;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// A part of a secret that is so long is found wherever it begins.
const WINDOW: usize = 16;

/// A part is looked up only where its first bytes are those of some secret: most texts are passed over so.
const BEGINNINGS: usize = 1 << 24;

/// Of what kind a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    ClientSecret,
    JwtSecret,
    TokenKey,
    DatabasePassword,
    /// A header for the collector.
    CollectorsKey,
    Jwt,
    Code,
    State,
    AccessToken,
    RefreshToken,
    /// The app's `Idempotency-Key`.
    IdempotencyKey,
    /// Words that a user looks for.
    Search,
    /// What is in the CRM: names, numbers, texts.
    Content,
}

/// How a secret is written.
type Form = &'static str;

/// A part of a secret, and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) form: Form,
    around: String,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({}): …{}…", self.kind, self.form, self.around)
    }
}

/// All secrets of a test. It is told of more while the test runs.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<Known>);

#[derive(Default)]
struct Known {
    parts: HashMap<[u8; WINDOW], (Kind, Form)>,
    beginnings: Vec<bool>,
}

/// Bytes that stand nowhere else.
pub(crate) fn random() -> [u8; 32] {
    let number = |place| RandomState::new().hash_one(place).to_be_bytes();
    [number(0), number(1), number(2), number(3)].concat().try_into().unwrap()
}

/// A text that stands nowhere else, with characters that others write in ways of their own.
pub(crate) fn distinctive() -> String {
    format!("{}+/=%&{}", hexadecimal(&random()), hexadecimal(&random()))
}

/// The same of letters and digits alone.
pub(crate) fn plain() -> String {
    distinctive().replace(|letter: char| !letter.is_ascii_alphanumeric(), "")
}

impl Secrets {
    /// Keeps in mind that `secret` must not be found, and gives it back.
    pub(crate) fn plant(&self, kind: Kind, secret: impl Into<String>) -> String {
        let secret = secret.into();
        self.plant_bytes(kind, secret.as_bytes());
        secret
    }

    /// The same of bytes.
    pub(crate) fn plant_bytes(&self, kind: Kind, secret: &[u8]) {
        assert!(secret.len() >= 2 * WINDOW, "{kind:?} is too short to be told from chance");
        let mut known = self.0.lock().unwrap();
        known.add(kind, "as it is", secret, 1);
        // Whoever writes it in another way writes much of it: one part in so many is enough.
        for (form, written) in forms(secret) {
            known.add(kind, form, &written, WINDOW);
        }
    }

    /// The parts of secrets in `text`, one of each kind and form.
    pub(crate) fn found_in(&self, text: &[u8]) -> Vec<Found> {
        let known = self.0.lock().unwrap();
        let mut found: Vec<Found> = Vec::new();
        for (place, part) in text.windows(WINDOW).enumerate() {
            if !known.beginnings.get(beginning(part)).is_some_and(|is_one| *is_one) {
                continue;
            }
            let Some((kind, form)) = known.parts.get(part) else { continue };
            if !found.iter().any(|one| (one.kind, one.form) == (*kind, *form)) {
                let around = &text[place.saturating_sub(60)..(place + 100).min(text.len())];
                let around = String::from_utf8_lossy(around).into_owned();
                found.push(Found { kind: *kind, form, around });
            }
        }
        found
    }
}

fn beginning(part: &[u8]) -> usize {
    usize::from(part[0]) << 16 | usize::from(part[1]) << 8 | usize::from(part[2])
}

impl Known {
    fn add(&mut self, kind: Kind, form: Form, text: &[u8], step: usize) {
        self.beginnings.resize(BEGINNINGS, false);
        for part in text.windows(WINDOW).step_by(step) {
            self.beginnings[beginning(part)] = true;
            self.parts.entry(part.try_into().unwrap()).or_insert((kind, form));
        }
    }
}

/// How others would write `secret`.
fn forms(secret: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let mut forms = vec![
        ("percent-encoded", url::form_urlencoded::byte_serialize(secret).collect::<String>().into_bytes()),
        ("in hexadecimal", hexadecimal(secret).into_bytes()),
        ("in hexadecimal", hexadecimal(secret).to_uppercase().into_bytes()),
        ("as a list of bytes", format!("{secret:?}").into_bytes()),
    ];
    // What stands before it shifts all of base64.
    for before in 0..3 {
        let shifted = [&vec![0; before], secret].concat();
        for coded in [STANDARD.encode(&shifted), URL_SAFE.encode(&shifted)] {
            forms.push(("in base64", coded.as_bytes()[4..coded.len() - 4].to_vec()));
        }
    }
    forms
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn a_secret_is_found_however_it_is_written_and_part_of_it_too() {
    let secrets = Secrets::default();
    let secret = secrets.plant(Kind::ClientSecret, distinctive());
    let key = random();
    secrets.plant_bytes(Kind::TokenKey, &key);
    let basic = STANDARD.encode(format!("a:{secret}"));
    let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for (form, text) in [
        ("as it is", secret[3..19].to_owned()),
        ("as it is", secret[secret.len() - WINDOW..].to_owned()),
        ("percent-encoded", escaped[56..88].to_owned()),
        ("in base64", basic[9..49].to_owned()),
        ("in base64", URL_SAFE.encode(&secret)[11..50].to_owned()),
        ("in hexadecimal", hexadecimal(secret.as_bytes())[5..41].to_owned()),
        ("in hexadecimal", hexadecimal(&key).to_uppercase()),
        ("as a list of bytes", format!("{:?}", &secret.as_bytes()[..20])),
        ("as a list of bytes", format!("{key:?}")),
    ] {
        let found = secrets.found_in(format!("before {text} after").as_bytes());
        assert!(found.iter().any(|one| one.form == form), "{form}: {text}: {found:?}");
    }
    assert_eq!(secrets.found_in([b"before".as_slice(), &key].concat().as_slice())[0].kind, Kind::TokenKey);
    assert!(secrets.found_in(distinctive().as_bytes()).is_empty());
    assert!(secrets.found_in(&secret.as_bytes()[3..18]).is_empty(), "shorter than what is looked for");
}
