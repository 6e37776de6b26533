//! A person's browser at amoCRM's login and consent pages, without the pictures.

use crate::answer::Answer;

/// A browser at amoCRM's pages.
#[derive(Debug)]
pub struct Browser(reqwest::Client);

/// Where amoCRM sends the browser in the end.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The address, without its query.
    pub path: String,
    parameters: Vec<(String, String)>,
}

impl Redirect {
    /// The query's parameters.
    pub fn parameters(&self) -> Vec<(&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// One of them.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Browser {
    pub(crate) fn new(http: &reqwest::Client) -> Self {
        Self(http.clone())
    }

    /// Logs in as the first person shown, and allows.
    pub async fn allow(&self, authorization_url: &str) -> Redirect {
        self.decide(authorization_url, "allow").await
    }

    /// Logs in as the first person shown, and denies.
    pub async fn deny(&self, authorization_url: &str) -> Redirect {
        self.decide(authorization_url, "deny").await
    }

    async fn decide(&self, authorization_url: &str, decision: &str) -> Redirect {
        let login = Answer::to(self.0.get(authorization_url)).await;
        assert_eq!(login.status, 200, "{login:?}");
        let user = attribute(&login.text, "name=\"user\" value=\"");
        let mut consent_url = url::Url::parse(authorization_url).unwrap();
        consent_url.query_pairs_mut().append_pair("user", user);
        let consent = Answer::to(self.0.get(consent_url.as_str())).await;
        assert!(consent.text.contains("Разрешить / Allow"), "{consent:?}");

        let mut fields: Vec<(String, String)> = consent_url.query_pairs().into_owned().collect();
        fields.push(("decision".to_owned(), decision.to_owned()));
        consent_url.set_query(None);
        let response = self.0.post(consent_url).form(&fields).send().await.unwrap();
        assert_eq!(response.status(), 302);
        let mut back = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
        let parameters = back.query_pairs().into_owned().collect();
        back.set_query(None);
        Redirect { path: back.into(), parameters }
    }
}

fn attribute<'a>(html: &'a str, before: &str) -> &'a str {
    let start = html.find(before).unwrap_or_else(|| panic!("no {before} in {html}")) + before.len();
    &html[start..start + html[start..].find('"').unwrap()]
}
