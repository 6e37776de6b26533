use super::*;
use crate::pages::contrast;

#[test]
fn the_page_has_a_form_for_each_operation_and_loads_nothing() {
    let page = page("n0nce").into_string();
    let paths = openapi::document()["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap()).filter(|(method, _)| *method != "head");
    let ids: Vec<_> = operations.map(|(_, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(page.matches("<form ").count(), ids.len());
    for id in ids {
        assert!(page.contains(&format!("<details id=\"{id}\">")), "{id}");
    }
    for loading in ["src=", "<link", "@import", "url(", "http://", "cdn"] {
        let found = page.find(loading).map(|at| &page[at.saturating_sub(60)..at + 20]);
        assert_eq!(found, None, "{loading}");
    }
    assert_eq!(page.matches("nonce=\"n0nce\"").count(), 2);
    assert!(page.len() < 150_000, "{}", page.len());
}

#[test]
fn a_hostile_text_stays_text() {
    let document = serde_json::json!({ "info": { "title": "<script>alert(1)</script>", "description": "`<b>`\"" } });
    let page = markup::body(&document).into_string();
    assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
}

#[test]
fn text_has_a_contrast_of_four_and_a_half_in_both_colour_schemes() {
    for scheme in contrast::schemes(STYLE) {
        for paper in ["paper", "card"] {
            for ink in ["ink", "soft", "good"] {
                assert!(contrast::between(scheme, ink, paper) >= 4.5, "{ink} on {paper}");
            }
            assert!(contrast::between(scheme, "line", paper) >= 3.0, "{paper}");
        }
    }
}
