//! Links that must open the app, links that must never be configured, and hostile values.

use super::*;

fn refusal(link: &str) -> Option<InvalidDeepLink> {
    DeepLink::parse(link).err()
}

#[test]
fn a_link_that_opens_an_app_stays_byte_for_byte_as_configured() {
    for link in [
        "foryoure://amo-crm/callback",
        "foryoure://amo-crm",
        "foryoure://",
        "foryoure:/callback",
        "ForYouRE://Amo-CRM/Callback",
        "com.foryou-realestate.app:/amo/callback",
        "foryoure:///callback",
        "foryoure://amo-crm:8080/a%2Fb/...",
        "app+dev://amo-crm/a%20b?tab=crm&x=%D1%8F",
        "https://app.foryou-realestate.com/amo-crm/callback",
        "https://APP.foryou-realestate.com:443",
        "https://xn--e1aybc.example/a",
        "https://app.example:8443/?from=crm",
        "http://127.0.0.1:8080/app/callback",
        "http://localhost:3000/back",
        "http://[::1]:8080/back",
    ] {
        let parsed = DeepLink::parse(link).unwrap();
        assert_eq!(parsed.to_string(), link);
        assert_eq!(parsed.with(&[]), link);
    }
}

#[test]
fn a_scheme_of_the_browser_is_refused_however_it_is_written() {
    for scheme in BROWSER_SCHEMES {
        for link in [format!("{scheme}:alert(1)"), format!("{scheme}://x/y"), format!("{}:/x", scheme.to_uppercase())] {
            assert_eq!(refusal(&link), Some(InvalidDeepLink::Scheme), "{link}");
        }
    }
    for link in ["JaVaScRiPt://x/?a=1", "data:/x", "DATA://text/html,x", "File:///etc/passwd", "devtools://x"] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::Scheme), "{link}");
    }
}

#[test]
fn text_that_is_no_link_is_refused() {
    for link in ["", "foryoure", "foryoure:", "foryoure:amo-crm", "//amo-crm/callback", "/callback", "amo-crm/callback"]
    {
        assert_eq!(refusal(link), Some(InvalidDeepLink::Malformed), "{link}");
    }
    for link in ["://x", "1foryoure://x", "-x://y", "for_youre://x", "foryoure://[x]/", "foryoure://a:99999/"] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::Malformed), "{link}");
    }
}

#[test]
fn characters_that_readers_disagree_about_are_refused() {
    for link in [
        " foryoure://x",
        "foryoure://x ",
        "foryoure://x/a b",
        "java\tscript://x",
        "foryoure://x\n",
        "foryoure://x\r\nSet-Cookie: a=b",
        "foryoure://x/\0",
        "foryoure://x/\u{7f}",
        "\u{feff}foryoure://x",
        "foryoure:\\\\x",
        "https:/\\evil.example",
        "https://app.example\\@evil.example",
        "foryoure://x/\"onclick=\"alert(1)",
        "foryoure://x/';alert(1)//",
        "foryoure://x/`",
        "foryoure://x/<script>",
        "foryoure://x/{a}|^",
        "foryoure://додаток/callback",
        "https://foryоu.example/",
        "foryoure://x/\u{202e}gpj.exe",
        "foryoure://x/\u{2028}",
        "foryoure://x/\u{200b}",
        "foryoure://x/%00",
        "foryoure://x/%0d%0a",
        "foryoure://x/%7F",
        "foryoure://x/%5c",
        "foryoure://x/%250a",
        "foryoure://x/%",
        "foryoure://x/%2",
        "foryoure://x/%zz",
        "foryoure://x/%C0%AF",
        "foryoure://x/%FF",
        "foryoure://x/%C2%85",
        "foryoure://x/%E2%80%AEgpj.exe",
        "foryoure://x/%e2%80%a8",
        "foryoure://x/?a=%E2%81%A6",
        "foryoure://x/%EF%BB%BF",
        "foryoure://x/%E2%80%8B",
        "http://[::1%25eth0]/",
    ] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::Character), "{link:?}");
    }
}

#[test]
fn a_host_that_is_not_what_it_seems_is_refused() {
    for link in
        ["foryoure://user@x/", "https://app.example@evil.example/", "https://u:p@app.example/", "foryoure://@x/"]
    {
        assert_eq!(refusal(link), Some(InvalidDeepLink::UserInfo), "{link}");
    }
    for link in [
        "foryoure://amo-crm%2Fcallback",
        "https://evil.example%2F.app.example/",
        "https://%61pp.example/",
        "https:/app.example",
        "https:///app.example",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://[0:0::1]/",
        "https://app.example:0443/",
        "https://app.example:/",
        "http://127.0.0.1.:80/",
        "http://[::ffff:127.0.0.1]/",
        "foryoure://amo-crm:/",
        "foryoure://amo-crm:0080/",
    ] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::Host), "{link}");
    }
    assert_eq!(refusal("https://xn--a.example/"), Some(InvalidDeepLink::Malformed));
}

#[test]
fn a_path_that_browsers_would_rewrite_is_refused() {
    for link in [
        "foryoure://x/a/../b",
        "foryoure://x/.",
        "com.foryou-realestate.app:/./callback",
        "https://app.example/a/..",
        "https://app.example/%2e%2E/b?from=crm",
        "foryoure://../callback",
    ] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::DotSegment), "{link}");
    }
    for link in ["foryoure://x/.well-known/a..b", "foryoure://x/?next=/../a"] {
        assert_eq!(refusal(link), None, "{link}");
    }
}

#[test]
fn a_link_is_not_so_long_that_the_page_gets_heavy() {
    let long = |length| format!("{:x<length$}", "foryoure://");
    assert_eq!(refusal(&long(1024)), None);
    assert_eq!(refusal(&long(1025)), Some(InvalidDeepLink::TooLong));
}

#[test]
fn http_is_for_loopback_alone() {
    for link in [
        "http://app.example/",
        "HTTP://10.0.0.1/",
        "http://0.0.0.0/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.:8080/",
        "http://foo.localhost/",
        "http://[::]/",
    ] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::NotLoopback), "{link}");
    }
}

#[test]
fn a_fragment_or_a_parameter_of_ours_is_refused() {
    assert_eq!(refusal("foryoure://x/#a"), Some(InvalidDeepLink::Fragment));
    assert_eq!(refusal("foryoure://x#"), Some(InvalidDeepLink::Fragment));
    for query in ["referer=evil.example", "success=true", "a=1&code", "st%61te=x", "a&error=", "code=1"] {
        assert_eq!(refusal(&format!("foryoure://x/?{query}")), Some(InvalidDeepLink::Parameter), "{query}");
    }
    assert_eq!(refusal("foryoure://x/?barcode=1&State=2"), None);
    for link in ["foryoure://x??", "foryoure://x?a?code=1"] {
        assert_eq!(refusal(link), Some(InvalidDeepLink::SecondQuery), "{link}");
    }
}

#[test]
fn a_universal_link_lives_on_another_host_than_the_redirect_uri() {
    let redirect_uri = Url::parse("https://admin.example.com/api/amo-crm/callback").unwrap();
    let apart = |link: &str| DeepLink::parse(link).unwrap().apart_from(&redirect_uri).err();
    for link in ["https://admin.example.com/app", "https://ADMIN.example.com:8443/", "https://admin.example.com./"] {
        assert_eq!(apart(link), Some(InvalidDeepLink::SameHost), "{link}");
    }
    for link in ["https://app.example.com/", "https://example.com/", "foryoure://admin.example.com/"] {
        assert_eq!(apart(link), None, "{link}");
    }
    let local = Url::parse("http://127.0.0.1:8080/api/amo-crm/callback").unwrap();
    assert!(DeepLink::parse("http://127.0.0.1:8080/app/callback").unwrap().apart_from(&local).is_ok());
}

#[test]
fn parameters_are_added_to_the_query_there_is() {
    let added = |link: &str| DeepLink::parse(link).unwrap().with(&[("success", "true"), ("code", "a")]);
    assert_eq!(added("foryoure://amo-crm/callback"), "foryoure://amo-crm/callback?success=true&code=a");
    assert_eq!(added("foryoure://"), "foryoure://?success=true&code=a");
    assert_eq!(added("foryoure://x?"), "foryoure://x?success=true&code=a");
    assert_eq!(added("foryoure://x?from=crm"), "foryoure://x?from=crm&success=true&code=a");
    assert_eq!(added("foryoure://x?from=crm&"), "foryoure://x?from=crm&success=true&code=a");
}

#[test]
fn only_unreserved_characters_of_a_value_stay_as_they_are() {
    let link = DeepLink::parse("foryoure://x").unwrap();
    let unreserved = "ABCXYZabcxyz0189-._~";
    assert_eq!(link.with(&[("code", unreserved)]), format!("foryoure://x?code={unreserved}"));
    let encoded = [
        ("a/b?c=d&e#f", "a%2Fb%3Fc%3Dd%26e%23f"),
        ("a%2Fb", "a%252Fb"),
        ("+ '\"", "%2B%20%27%22"),
        ("</script>", "%3C%2Fscript%3E"),
        ("\\\r\n\0", "%5C%0D%0A%00"),
        ("я\u{202e}\u{2028}", "%D1%8F%E2%80%AE%E2%80%A8"),
        ("(*!):@,;$", "%28%2A%21%29%3A%40%2C%3B%24"),
    ];
    for (value, expected) in encoded {
        assert_eq!(link.with(&[("state", value)]), format!("foryoure://x?state={expected}"), "{value:?}");
    }
}

#[test]
fn what_goes_in_as_a_value_comes_out_of_the_link_again() {
    let hostile = "def50200\"><img src=x onerror=alert(1)>&code=other#я%00\u{2029}'`\\";
    let link =
        DeepLink::parse("foryoure://amo-crm/callback?from=crm").unwrap().with(&[("code", hostile), ("state", "")]);
    let url = Url::parse(&link).unwrap();
    let read: Vec<_> = url.query_pairs().into_owned().collect();
    let expected =
        [("from", "crm"), ("code", hostile), ("state", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(read, expected);
    assert_eq!(url.fragment(), None);
}
