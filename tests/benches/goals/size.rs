//! `size`: the release binary in bytes.

use crate::plan::Plan;
use crate::table::{Goal, verdict};

/// In megabytes.
const GOAL: f64 = 15.0;

pub(crate) fn measure(plan: &Plan) {
    let bytes = std::fs::metadata(&plan.binary).unwrap().len();
    println!("The release binary has {bytes} bytes.\n");
    let megabytes = f64::from(u32::try_from(bytes).unwrap()) / 1e6;
    println!("{}", verdict("the release binary", megabytes, " MB", Goal::AtMost(GOAL)));
}
