//! Where `amo-connect sandbox` keeps its database and keys.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use amo_connect_adapters::cipher::TokenKeys;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::cli::Failure;

/// A folder that stays, or one that goes with the process.
pub(super) enum Folder {
    Kept(PathBuf),
    Passing(tempfile::TempDir),
}

/// What the service and its users trust each other by.
pub(super) struct Secrets {
    pub(super) jwt_secret: String,
    pub(super) token_keys: String,
}

impl Folder {
    pub(super) fn open(chosen: Option<&Path>) -> Result<Self, Failure> {
        match chosen {
            Some(path) => {
                let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
                made.map_err(|error| format!("--data {}: {error}", path.display()))?;
                Ok(Self::Kept(path.to_owned()))
            }
            None => Ok(Self::Passing(tempfile::Builder::new().prefix("amo-connect-sandbox-").tempdir()?)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Passing(folder) => folder.path(),
        }
    }

    /// The secrets of this folder, made at its first use.
    pub(super) fn secrets(&self) -> Result<Secrets, Failure> {
        let file = self.path().join("secrets.json");
        if let Ok(text) = fs::read_to_string(&file) {
            let kept: serde_json::Value = serde_json::from_str(&text)?;
            let read = |name: &str| kept[name].as_str().map(str::to_owned);
            let (Some(jwt_secret), Some(token_keys)) = (read("jwtSecret"), read("tokenKeys")) else {
                return Err(format!("{} is not a sandbox's", file.display()).into());
            };
            return Ok(Secrets { jwt_secret, token_keys });
        }
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let secrets = Secrets {
            jwt_secret: URL_SAFE_NO_PAD.encode(random),
            token_keys: TokenKeys::generate_entry()?.to_string(),
        };
        let text = json!({ "jwtSecret": secrets.jwt_secret, "tokenKeys": secrets.token_keys }).to_string();
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(text.as_bytes())?;
        Ok(secrets)
    }
}
