//! A setting, declared once: its flag, its variable, its check, its help and its line in
//! `docs/configuration.md` follow from that.

use clap::Arg;

/// What a setting is where it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// It has to be given.
    Required,
    /// As if this text had been given.
    Value(&'static str),
    /// Unset, which means this.
    Unset(&'static str),
}

/// What is said of a setting.
#[derive(Debug)]
pub struct About {
    /// Its variable, as `BIND`.
    pub name: &'static str,
    /// What it is where it is not given.
    pub preset: Preset,
    /// A line for `--help`.
    pub help: &'static str,
    /// What the documentation says besides, a sentence or more.
    pub more: &'static [&'static str],
    /// Whether it is a secret, which can be given as a file too.
    pub is_secret: bool,
    /// Whether it is the team's own, which may have quotes around it as part of it.
    pub is_own: bool,
}

/// A setting, and how its text is read.
pub struct Setting<T: 'static> {
    pub(super) about: &'static About,
    pub(super) read: fn(&str) -> Result<T, String>,
}

impl About {
    /// Its flag, as `bind`.
    pub fn flag(&self) -> String {
        self.name.to_ascii_lowercase().replace('_', "-")
    }

    /// The variable with the path of a file that has the value.
    pub fn file_name(&self) -> String {
        format!("{}_FILE", self.name)
    }

    /// The flags and variables of the command line.
    pub(super) fn arguments(&self) -> impl Iterator<Item = Arg> {
        let default = match self.preset {
            Preset::Required => "[required]".to_owned(),
            Preset::Value(text) | Preset::Unset(text) => format!("[default: {text}]"),
        };
        let file = if self.is_secret { format!(", or in a file: {}", self.file_name()) } else { String::new() };
        let itself = Arg::new(self.name).env(self.name).help(format!("{}{file} {default}", self.help));
        // `--allow-missing-keys` is as good as `--allow-missing-keys true`.
        let is_switch = matches!(self.preset, Preset::Value("true" | "false"));
        let itself = if is_switch { itself.num_args(0..=1).default_missing_value("true") } else { itself };
        let in_file = self.is_secret.then(|| Arg::new(self.file_name()).env(self.file_name()).hide(true));
        [Some(itself), in_file].into_iter().flatten().map(|argument| {
            let name = argument.get_id().to_string();
            argument
                .long(name.to_ascii_lowercase().replace('_', "-"))
                .value_name(name)
                .hide_env_values(true)
                .help_heading("Settings (each also a variable)")
        })
    }
}

/// Declares all settings: a line of help as its first doc comment, further ones for the
/// documentation; the variable, its field in [`Given`](super::Given), its type, its default and its parser.
macro_rules! settings {
    ($(
        #[doc = $help:literal]
        $(#[doc = $more:literal])*
        $([$($secret:ident),+])? $name:ident, $field:ident: $type:ty = $preset:ident$(($text:literal))?, $read:expr;
    )+) => {
        /// The settings as they were given, by flags, the environment and `.env`.
        #[derive(Clone, Default)]
        pub struct Given {
            $(#[doc = $help] pub $field: Option<String>,)+
            /// The paths of files with secrets, by the secret's variable.
            pub files: std::collections::BTreeMap<&'static str, String>,
            /// The variables of those that were given as a flag.
            pub by_flag: std::collections::BTreeSet<&'static str>,
        }

        $(
            #[doc = $help]
            pub const $name: crate::config::setting::Setting<$type> = {
                static ABOUT: crate::config::setting::About = crate::config::setting::About {
                    name: stringify!($name),
                    preset: crate::config::setting::Preset::$preset$(($text))?,
                    help: $help,
                    more: &[$($more),*],
                    is_secret: settings!(@secret $($($secret)+)?),
                    is_own: settings!(@own $($($secret)+)?),
                };
                crate::config::setting::Setting {
                    about: &ABOUT,
                    read: |text| ($read)(text).map_err(|problem| problem.to_string()),
                }
            };
        )+

        /// All of them, in the order of their declaration.
        pub static ALL: &[&crate::config::setting::About] = &[$($name.about),+];

        impl Given {
            /// The text of the setting with this variable.
            pub(super) fn text(&self, name: &str) -> Option<&str> {
                match name {
                    $(stringify!($name) => self.$field.as_deref(),)+
                    _ => None,
                }
            }

            /// Takes a text.
            pub(super) fn set(&mut self, name: &str, text: String) {
                match name {
                    $(stringify!($name) => self.$field = Some(text),)+
                    _ => {}
                }
            }
        }
    };
    (@secret) => { false };
    (@secret secret $($own:ident)?) => { true };
    (@own $($secret:ident)?) => { false };
    (@own secret own) => { true };
}
pub(super) use settings;
