//! An answer of the service, and what tests ask of one.

use serde_json::Value;

use crate::documented;

/// The status and `code` of an answer; there is no code in a success. Equal to such a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status code.
    pub status: u16,
    /// The problem's code.
    pub code: String,
}

impl PartialEq<(u16, &str)> for Outcome {
    fn eq(&self, (status, code): &(u16, &str)) -> bool {
        self.status == *status && self.code == *code
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// Sends `request` and reads the answer. One of the service must be as its OpenAPI document has it.
    pub async fn to(request: reqwest::RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Self { status, headers, text: response.text().await.unwrap() };
        let fault = documented::fault(&method, &path, status, &answer.headers, &answer.text);
        assert!(fault.is_none(), "{method} {path}: {}: {answer:?}", fault.unwrap_or_default());
        answer
    }

    /// A header, or the empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The `data` of an answer that must be a success.
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.json()["success"], true, "{self:?}");
        self.json()["data"].clone()
    }

    /// What it says, whether it is a success or a problem.
    pub fn outcome(&self) -> Outcome {
        if self.status == 200 { Outcome { status: 200, code: String::new() } } else { self.problem() }
    }

    /// What it says, which must be a problem, with all a problem has.
    pub fn problem(&self) -> Outcome {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status, "{self:?}");
        assert_eq!(body["success"], false, "{self:?}");
        assert_eq!(body["message"], body["detail"], "{self:?}");
        assert_eq!(body["requestId"], self.header("x-request-id"), "{self:?}");
        for text in ["type", "title", "detail", "requestId"] {
            assert!(body[text].as_str().is_some_and(|text| !text.is_empty()), "{text}: {self:?}");
        }
        Outcome { status: self.status, code: body["code"].as_str().unwrap().to_owned() }
    }

    /// The deep link of a callback page, with the HTML's escapes undone.
    pub fn deep_link(&self) -> String {
        let marker = "data-link=\"";
        let start = self.text.find(marker).unwrap_or_else(|| panic!("no deep link: {self:?}")) + marker.len();
        let end = start + self.text[start..].find('"').unwrap();
        self.text[start..end].replace("&amp;", "&")
    }

    /// The value of a parameter of the page's deep link.
    pub fn link_parameter(&self, name: &str) -> Option<String> {
        let link = url::Url::parse(&self.deep_link()).unwrap();
        link.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}
