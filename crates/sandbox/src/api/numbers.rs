//! Numbers of a request, as PHP reads them.

use serde_json::{Number, Value};

/// A number that is not negative and whole; `1.0` is one, as in PHP.
pub(super) fn whole(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|float| float.fract() == 0.0)?.to_string().parse().ok();
    value.as_u64().or_else(float)
}

/// The whole part of a number that is not negative and has a fraction, and the number.
pub(super) fn fractional(value: &Value) -> Option<(u64, Option<Number>)> {
    let whole = value.as_f64().filter(|&float| float >= 0.0)?.trunc().to_string().parse().ok()?;
    Some((whole, value.as_number().cloned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_may_be_written_as_floats() {
        for (value, number) in [(json!(7), 7), (json!(7.0), 7), (json!(0.0), 0), (json!(1.795e9), 1_795_000_000)] {
            assert_eq!(whole(&value), Some(number), "{value}");
        }
        for value in [json!(7.5), json!(-1.0), json!(-1), json!("7"), json!(true), json!(1e30)] {
            assert_eq!(whole(&value), None, "{value}");
        }
    }

    #[test]
    fn a_fraction_has_a_whole_part() {
        for (value, number) in [(json!(7.5), 7), (json!(0.1), 0), (json!(99_999_999.999), 99_999_999)] {
            assert_eq!(fractional(&value), Some((number, value.as_number().cloned())), "{value}");
        }
        for value in [json!(-0.5), json!("7.5"), json!(1e30)] {
            assert_eq!(fractional(&value), None, "{value}");
        }
    }
}
