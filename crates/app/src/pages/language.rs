//! Which language a page speaks.

/// The languages the pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, for everybody else.
    English,
    /// Ukrainian.
    Ukrainian,
    /// Russian.
    Russian,
}

impl Language {
    /// The language of an `Accept-Language` header: Ukrainian or Russian if it is what the
    /// browser likes best, else English.
    pub fn negotiate(accept_language: &str) -> Self {
        let mut first = ("", 0.0);
        for entry in accept_language.split(',') {
            let (tag, weight) =
                entry.split_once(';').map_or((entry, Some(1.0)), |(tag, weight)| (tag, quality(weight)));
            let tag = tag.trim();
            if let Some(weight) = weight
                && weight > first.1
                && !tag.is_empty()
            {
                first = (tag, weight);
            }
        }
        let primary = first.0.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("uk") {
            Self::Ukrainian
        } else if primary.eq_ignore_ascii_case("ru") {
            Self::Russian
        } else {
            Self::English
        }
    }

    /// Its tag, for `lang` and `Content-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Ukrainian => "uk",
            Self::Russian => "ru",
        }
    }
}

fn quality(weight: &str) -> Option<f32> {
    let weight = weight.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?;
    weight.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_language_decides() {
        for (header, expected) in [
            ("uk", Language::Ukrainian),
            ("uk-UA,uk;q=0.9,en-US;q=0.8", Language::Ukrainian),
            ("UK-ua", Language::Ukrainian),
            ("ru-RU, ru;q=0.9, en;q=0.8", Language::Russian),
            ("en;q=0.5, ru ; q = 0.8", Language::Russian),
            ("en-GB,uk;q=0.9", Language::English),
            ("de, ru", Language::English),
            ("ru;q=0.5,uk;q=0.5", Language::Russian),
            (", ;q=1 ,uk", Language::Ukrainian),
        ] {
            assert_eq!(Language::negotiate(header), expected, "{header}");
        }
    }

    #[test]
    fn anything_unclear_is_english() {
        for header in [
            "",
            " ",
            "*",
            ",",
            ";",
            "*, uk;q=0.5",
            "uk;q=0",
            "uk;q=2",
            "uk;q=NaN",
            "uk;q=",
            "uk;level=1",
            "ukr",
            "ru_RU",
            "\u{443}\u{43a}",
            "<uk>",
            "../uk",
        ] {
            assert_eq!(Language::negotiate(header), Language::English, "{header:?}");
        }
    }
}
