//! The contrast of a style sheet's colours, for its tests (WCAG 2.2, "relative luminance").

/// The custom properties of the light and of the dark scheme.
pub(crate) fn schemes(css: &str) -> [&str; 2] {
    let blocks: Vec<_> = css.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    blocks.try_into().unwrap()
}

/// The contrast between two colours of a scheme, 1 to 21.
pub(crate) fn between(scheme: &str, one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(scheme, one) + 0.05, luminance(scheme, other) + 0.05);
    one.max(other) / one.min(other)
}

fn luminance(scheme: &str, name: &str) -> f64 {
    let (_, rest) = scheme.split_once(&format!("--{name}: #")).unwrap();
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&rest[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
