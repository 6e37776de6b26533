//! Who gets traces and metrics by OTLP.

use url::Url;

use crate::otlp;

/// The address of a collector. It may be `http` anywhere: a collector is beside the service or in its network.
pub(super) fn read(text: &str) -> Result<Option<Url>, &'static str> {
    read_in(text, otlp::IS_BUILT)
}

/// The same in a build that can export, or cannot.
fn read_in(text: &str, is_built: bool) -> Result<Option<Url>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    if !is_built {
        return Err("this build exports nothing; one with the feature otlp does (cargo build --features otlp)");
    }
    otlp::endpoint(text).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_the_feature_refuses_a_collector_and_names_the_feature() {
        assert_eq!(read_in("", false), Ok(None));
        let problem = read_in("http://localhost:4318", false).unwrap_err();
        assert!(problem.contains("feature otlp"), "{problem}");
    }

    #[test]
    fn a_collector_is_an_address_of_the_web_without_what_could_be_a_secret() {
        for text in ["http://localhost:4318", "http://collector:4318/", "https://otlp.example/prefix"] {
            assert_eq!(read_in(text, true).map(|url| url.is_some()), Ok(true), "{text}");
        }
        for text in
            ["localhost:4318", "grpc://collector:4317", "https://a:b@otlp.example", "https://otlp.example/?key=a"]
        {
            assert!(read_in(text, true).is_err(), "{text}");
        }
    }
}
