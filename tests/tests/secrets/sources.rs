//! The types of our crates as their sources define them: what each is made of, and what shows it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A `struct` or an `enum`.
#[derive(Clone, Debug)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) is_public: bool,
    pub(crate) has_debug: bool,
    /// What stands within it, without attributes.
    pub(crate) body: Vec<String>,
    file: usize,
}

/// A block that says how a type is shown.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) body: Vec<String>,
    file: usize,
}

/// All sources of some crates.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) types: Vec<Type>,
    pub(crate) shown: Vec<Shown>,
    files: Vec<File>,
}

/// A file: its modules from the outside in, and what it uses, each name with the module it is from.
#[derive(Default)]
struct File {
    modules: Vec<String>,
    uses: BTreeMap<String, String>,
}

impl Sources {
    /// Those of these crates.
    pub(crate) fn of(crates: &[&str]) -> Self {
        let mut sources = Self::default();
        for name in crates {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src");
            for path in files(&folder) {
                let text = fs::read_to_string(&path).unwrap();
                let (code, _) = text.split_once("#[cfg(test)]\nmod").unwrap_or((&text, ""));
                let place = path.strip_prefix(&folder).unwrap().with_extension("");
                let modules = place.iter().map(|part| part.to_str().unwrap().to_owned());
                let modules = std::iter::once((*name).to_owned()).chain(modules.filter(|part| part != "mod")).collect();
                sources.read(modules, &tokens(code));
            }
        }
        sources
    }

    fn read(&mut self, modules: Vec<String>, tokens: &[String]) {
        let file = self.files.len();
        self.files.push(File { modules, uses: uses(tokens) });
        let word = |place: usize| tokens.get(place).map_or("", String::as_str);
        for place in 0..tokens.len() {
            let name = word(place + 1).to_owned();
            match word(place) {
                "struct" | "enum" if is_name(&name) => {
                    let before = &tokens[..place];
                    let begin = before.iter().rposition(|token| [";", "}"].contains(&token.as_str()) || token == "{");
                    let before = &before[begin.map_or(0, |begin| begin + 1)..];
                    let has = |word: &str| before.iter().any(|token| token == word);
                    // `pub` for everybody, and not `pub(crate)`.
                    let is_public = before.last().is_some_and(|token| token == "pub");
                    let has_debug = has("derive") && has("Debug");
                    self.types.push(Type { name, is_public, has_debug, body: block(&tokens[place..]), file });
                }
                // Its types are written with a macro of their own.
                "secret" if name == "!" && word(place + 2) == "(" => {
                    let (name, body) = (word(place + 3).to_owned(), vec!["SecretString".to_owned()]);
                    self.types.push(Type { name, is_public: true, has_debug: true, body, file });
                }
                "Debug" | "Display" | "Serialize" if name == "for" => {
                    let name = word(place + 2).to_owned();
                    self.shown.push(Shown { name, body: block(&tokens[place..]), file });
                }
                _ => {}
            }
        }
    }

    /// Whether a type can be formatted for a programmer.
    pub(crate) fn has_debug(&self, one: &Type) -> bool {
        one.has_debug || self.shown.iter().any(|shown| (&shown.name, shown.file) == (&one.name, one.file))
    }

    /// Where a type is: `domain::token::State`.
    pub(crate) fn path(&self, one: &Type) -> String {
        format!("{}::{}", self.files[one.file].modules.join("::"), one.name)
    }

    /// All types in which there is one of `foreign`, at any depth. A foreign type may be told by who makes it:
    /// `tokio_postgres::Config`.
    pub(crate) fn holders(&self, foreign: &[&str]) -> Vec<&Type> {
        let is_foreign = |one: &Type| {
            foreign.iter().any(|path| {
                let (from, name) = path.rsplit_once("::").unwrap_or(("", path));
                let is_from =
                    from.is_empty() || self.files[one.file].uses.get(name).is_some_and(|module| module == from);
                is_from && names(&one.body).any(|used| used == name)
            })
        };
        let mut found: Vec<&Type> = self.types.iter().filter(|one| is_foreign(one)).collect();
        loop {
            let is_new = |one: &&Type| !found.iter().any(|known| std::ptr::eq(*known, *one));
            let more: Vec<&Type> = self.types.iter().filter(is_new).filter(|one| self.has_one(one, &found)).collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    fn has_one(&self, one: &Type, known: &[&Type]) -> bool {
        names(&one.body).any(|name| {
            // A file's own types come before those that it uses.
            if let Some(own) = self.types.iter().find(|own| (own.file, own.name.as_str()) == (one.file, name)) {
                return known.iter().any(|known| std::ptr::eq(*known, own));
            }
            let Some(module) = self.files[one.file].uses.get(name) else { return false };
            let is_there = |known: &&&Type| {
                let modules = &self.files[known.file].modules;
                let is_near = module == "super" && modules[..2] == self.files[one.file].modules[..2];
                known.name == name && (modules.contains(module) || module.ends_with(&modules[0]) || is_near)
            };
            known.iter().any(|known| is_there(&known))
        })
    }
}

/// The names of types in a body. A name with something after it in brackets is that of a variant.
fn names(body: &[String]) -> impl Iterator<Item = &str> {
    let is_variant = |place: usize| body.get(place + 1).is_some_and(|next| next == "(" || next == "{");
    let is_one = move |(place, token): &(usize, &String)| token.starts_with(char::is_uppercase) && !is_variant(*place);
    body.iter().enumerate().filter(is_one).map(|(_, token)| token.as_str())
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Words and signs, without comments and without what is in quotes.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for line in code.lines() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = if first == '"' {
                quoted(rest)
            } else if rest.starts_with("//") {
                break;
            } else if is_name(rest) || first.is_numeric() {
                rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if first != '"' && !first.is_whitespace() {
                tokens.push(rest[..length].to_owned());
            }
            rest = &rest[length..];
        }
    }
    tokens
}

/// The length of the text in quotes that `rest` begins with, as far as it is in this line.
fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == '"' && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        ends
    });
    end.map_or(rest.len(), |(place, _)| place + 1)
}

/// What is in the first brackets, which end a definition, without the attributes in it.
fn block(tokens: &[String]) -> Vec<String> {
    let Some(begin) = tokens.iter().position(|token| ["{", "(", ";"].contains(&token.as_str())) else {
        return Vec::new();
    };
    let (mut depth, mut body) = (0_usize, Vec::new());
    for token in &tokens[begin..] {
        match token.as_str() {
            ";" if depth == 0 => break,
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        body.push(token.clone());
        if depth == 0 {
            break;
        }
    }
    without_attributes(&body)
}

fn without_attributes(body: &[String]) -> Vec<String> {
    let (mut left, mut depth) = (Vec::new(), 0_usize);
    let mut tokens = body.iter().peekable();
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "#" if depth == 0 && tokens.next_if(|next| *next == "[").is_some() => depth = 1,
            "[" if depth > 0 => depth += 1,
            "]" if depth > 0 => depth -= 1,
            _ if depth == 0 => left.push(token.clone()),
            _ => {}
        }
    }
    left
}

/// Each name that is used from elsewhere, with the module that it is from.
fn uses(tokens: &[String]) -> BTreeMap<String, String> {
    let mut uses = BTreeMap::new();
    let mut rest = tokens;
    while let Some(begin) = rest.iter().position(|token| token == "use") {
        let end = rest[begin..].iter().position(|token| token == ";").map_or(rest.len(), |end| begin + end);
        let (mut module, mut outer, mut last) = (String::new(), Vec::new(), String::new());
        for token in &rest[begin + 1..end] {
            match token.as_str() {
                "::" => module = std::mem::take(&mut last),
                "{" => outer.push(module.clone()),
                "}" | "," => {
                    keep(&mut uses, &last, &module);
                    last.clear();
                    module = if token == "}" { outer.pop() } else { outer.last().cloned() }.unwrap_or_default();
                }
                word => word.clone_into(&mut last),
            }
        }
        keep(&mut uses, &last, &module);
        rest = &rest[end..];
        rest = rest.get(1..).unwrap_or_default();
    }
    uses
}

fn keep(uses: &mut BTreeMap<String, String>, name: &str, module: &str) {
    if !name.is_empty() {
        uses.insert(name.to_owned(), module.to_owned());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| !["tests", "tests.rs"].iter().any(|name| path.ends_with(name)));
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
