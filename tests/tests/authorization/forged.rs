//! Tokens that are right, and tokens that are not: each known trick.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde_json::{Value, json};

use crate::request::Placed;
use crate::signer::{Signer, unsigned};
use crate::stage::Stage;

/// Tokens of olena's that are good.
pub(crate) fn right(stage: &Stage) -> Vec<Placed> {
    let token = stage.token("olena");
    let forger = stage.app.another();
    // Keys that a token brings along are not looked at.
    let mut header = stage.header();
    header["jku"] = json!(stage.forgers_url());
    header["jwk"] = json!(forger.jwk("app"));
    vec![
        Placed::bearer("right", &token),
        Placed::header("right, scheme in lower case", "authorization", format!("bearer {token}")),
        Placed::bearer("right, with a forger's jwk and jku", &stage.app.signed(&header, &stage.claims("olena"))),
    ]
}

/// Everything else.
pub(crate) fn all(stage: &Stage) -> Vec<Placed> {
    let mut all = misplaced(&stage.token("olena"));
    let bearers = [claims(stage), parts(stage), unsigned_ones(stage), other_keys(stage), headers(stage)];
    all.extend(bearers.into_iter().flatten().map(|(kind, token)| Placed::bearer(kind, &token)));
    all
}

/// A good token, where none is looked for.
fn misplaced(token: &str) -> Vec<Placed> {
    let authorization = |kind, value: String| Placed::header(kind, "authorization", value);
    vec![
        Placed::nothing(),
        Placed::query("in the query", "access_token", token),
        Placed::header("in a cookie", "cookie", format!("token={token}; access_token={token}")),
        Placed::header("in Proxy-Authorization", "proxy-authorization", format!("Bearer {token}")),
        authorization("without a scheme", token.to_owned()),
        authorization("another scheme", format!("Basic {token}")),
        authorization("a scheme alone", "Bearer".to_owned()),
        authorization("an empty header", String::new()),
        authorization("a token twice in one header", format!("Bearer {token}, Bearer {token}")),
        authorization("two headers, the second good", "Bearer a.b.c".to_owned())
            .and("authorization", format!("Bearer {token}")),
        authorization("two headers, the first good", format!("Bearer {token}"))
            .and("authorization", "Bearer a.b.c".to_owned()),
        authorization("two headers, both good", format!("Bearer {token}"))
            .and("authorization", format!("Bearer {token}")),
    ]
}

/// Signed by the app, and not good for that.
fn claims(stage: &Stage) -> Vec<(&'static str, String)> {
    let now = jsonwebtoken::get_current_timestamp();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut claims = stage.claims("olena");
        change(&mut claims);
        stage.app.signed(&stage.header(), &claims)
    };
    let set = |name: &'static str, value: Value| with(&|claims| claims[name] = value.clone());
    let without = |name: &str| with(&|claims| drop(claims.as_object_mut().unwrap().remove(name)));
    let twice = |member: &str| {
        let claims = stage.claims("olena").to_string();
        stage.app.signed_text(&stage.header().to_string(), &claims.replacen('{', &format!("{{{member},"), 1))
    };
    vec![
        ("expired a minute ago", set("exp", json!(now - 60))),
        ("expired in 1970", set("exp", json!(1))),
        ("without exp", without("exp")),
        ("exp is a text", set("exp", json!((now + 600).to_string()))),
        ("exp is null", set("exp", Value::Null)),
        ("exp is negative", set("exp", json!(-1))),
        ("exp is a list", set("exp", json!([now + 600]))),
        ("exp stands twice, good and over", twice(&format!("\"exp\":{}", now - 600))),
        ("not valid before ten minutes", set("nbf", json!(now + 600))),
        ("nbf is a text", set("nbf", json!("0"))),
        ("another issuer", set("iss", json!("for-you.evil.example"))),
        ("without an issuer", without("iss")),
        ("another audience", set("aud", json!("billing"))),
        ("a list of other audiences", set("aud", json!(["billing", "mail"]))),
        ("without an audience", without("aud")),
        ("without a user", without("sub")),
        ("an empty user", set("sub", json!(""))),
        ("a user of 256 bytes", set("sub", json!("a".repeat(256)))),
        ("a user that is a list", set("sub", json!(["olena"]))),
        ("sub and userId differ", set("userId", json!("ivan"))),
        ("sub and id differ", set("id", json!(7))),
        ("sub stands twice", twice("\"sub\":\"ivan\"")),
        ("claims that are a list", stage.app.signed(&stage.header(), &json!([stage.claims("olena")]))),
        ("over 8 kB", set("padding", json!("a".repeat(8 * 1024)))),
    ]
}

/// Parts of good tokens, put together anew.
fn parts(stage: &Stage) -> Vec<(&'static str, String)> {
    let (mine, hers) = (stage.token("ivan"), stage.token("olena"));
    let split = |token: &str| <[String; 3]>::try_from(token.split('.').map(str::to_owned).collect::<Vec<_>>()).unwrap();
    let ([header, claims, signature], [_, others_claims, others_signature]) = (split(&hers), split(&mine));
    let zeros = URL_SAFE_NO_PAD.encode(vec![0; URL_SAFE_NO_PAD.decode(&signature).unwrap().len()]);
    let last = URL_SAFE_NO_PAD.decode(&signature).map(|mut bytes| {
        *bytes.last_mut().unwrap() ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    });
    vec![
        ("an empty signature", format!("{header}.{claims}.")),
        ("no third part", format!("{header}.{claims}")),
        ("a signature alone", format!("..{signature}")),
        ("a fourth part", format!("{header}.{claims}.{signature}.")),
        ("five parts, as an encrypted one", format!("{header}..{claims}.{signature}.{signature}")),
        ("another token's signature", format!("{header}.{claims}.{others_signature}")),
        ("changed claims, the old signature", format!("{header}.{others_claims}.{signature}")),
        ("one bit of the signature changed", format!("{header}.{claims}.{}", last.unwrap())),
        ("a signature of zeros", format!("{header}.{claims}.{zeros}")),
        ("a padded signature", format!("{header}.{claims}.{signature}=")),
        ("no base64", "header.claims.signature".replace('e', "!")),
    ]
}

/// By no key at all.
fn unsigned_ones(stage: &Stage) -> Vec<(&'static str, String)> {
    let claims = stage.claims("olena");
    let kinds = [("alg none", "none"), ("alg None", "None"), ("alg NONE", "NONE"), ("an empty alg", "")];
    let mut forged: Vec<_> = kinds
        .map(|(kind, alg)| {
            let mut header = stage.header();
            header["alg"] = json!(alg);
            (kind, format!("{}.", unsigned(&header.to_string(), &claims.to_string())))
        })
        .into();
    let mut header = stage.header();
    header["alg"] = json!("none");
    forged.push(("alg none, and signed all the same", stage.app.signed(&header, &claims)));
    header.as_object_mut().unwrap().remove("alg");
    forged.push(("without alg", stage.app.signed(&header, &claims)));
    let twice = stage.header().to_string().replacen('{', "{\"alg\":\"none\",", 1);
    forged.push(("alg twice, none and the right one", stage.app.signed_text(&twice, &claims.to_string())));
    forged
}

/// By keys that are not the app's, or another algorithm of its key.
fn other_keys(stage: &Stage) -> Vec<(&'static str, String)> {
    let (app, claims) = (&stage.app, stage.claims("olena").to_string());
    let named = |alg: Algorithm| {
        let mut header = stage.header();
        header["alg"] = json!(alg);
        header.to_string()
    };
    let by = |signer: &Signer| signer.signed_text(&named(signer.algorithm), &claims);
    let mut forged = vec![
        ("another key of this algorithm", by(&app.another())),
        ("a key of another algorithm", by(&stage.second)),
        ("another algorithm, and named as the right one", stage.second.signed_text(&named(app.algorithm), &claims)),
        ("HS256 by an empty secret", by(&Signer::of_secret(b""))),
    ];
    let further: &[Algorithm] = match app.algorithm.family() {
        AlgorithmFamily::Hmac => &[Algorithm::HS384, Algorithm::HS512],
        AlgorithmFamily::Rsa => &[Algorithm::RS384, Algorithm::RS512, Algorithm::PS256],
        _ => &[],
    };
    for algorithm in further {
        forged.push(("the app's key by another algorithm", app.signed_by(*algorithm, &named(*algorithm), &claims)));
    }
    if app.algorithm != Algorithm::HS256 {
        let pem = app.public_pem();
        forged.push(("HS256 by the public key's PEM", by(&Signer::of_secret(pem.as_bytes()))));
        forged.push(("HS256 by the PEM without its last line end", by(&Signer::of_secret(pem.trim_end().as_bytes()))));
        forged.push(("HS256 by the public key's DER", by(&Signer::of_secret(&app.public_der()))));
        let jwk = serde_json::to_string(&app.jwk("app")).unwrap();
        forged.push(("HS256 by the public key's JWK", by(&Signer::of_secret(jwk.as_bytes()))));
    }
    forged
}

/// Headers that name a key, or ask for more than is understood.
fn headers(stage: &Stage) -> Vec<(&'static str, String)> {
    let (app, claims, forger) = (&stage.app, stage.claims("olena"), stage.app.another());
    let by = |signer: &Signer, name: &str, value: Value| {
        let mut header = stage.header();
        header["alg"] = json!(signer.algorithm);
        header[name] = value;
        signer.signed(&header, &claims)
    };
    let nobody = Signer::of_secret(b"");
    let chain = json!([STANDARD.encode(b"a certificate that nobody reads")]);
    let mut forged = vec![
        ("a forger's jwk", by(&forger, "jwk", json!(forger.jwk("app")))),
        ("a forger's jku", by(&forger, "jku", json!(stage.forgers_url()))),
        ("a forger's x5u", by(&forger, "x5u", json!(stage.forgers_url()))),
        ("a forger's x5c", by(&forger, "x5c", chain)),
        ("crit with what is not understood", by(app, "crit", json!(["exp"]))),
        ("crit with b64", by(app, "crit", json!(["b64"]))),
    ];
    for (kind, id) in [
        ("kid with a path", "../../../../../../dev/null"),
        ("kid with SQL", "app' UNION SELECT '' --"),
        ("kid with a command", "app|true"),
        ("kid with a NUL", "app\0"),
        ("kid with an address", "http://127.0.0.1:1/keys"),
    ] {
        forged.push((kind, by(&nobody, "kid", json!(id))));
    }
    forged.push(("kid that is no text", by(app, "kid", json!({ "$ne": null }))));
    forged
}
