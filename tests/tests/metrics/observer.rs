//! The service's own observer, judged by the suite of the port.

use std::sync::Arc;

use amo_connect::metrics::Metrics;
use amo_connect_contract::observer::ObserverHarness;
use amo_connect_domain::ports::Observer;

struct Harness(Arc<Metrics>);

impl ObserverHarness for Harness {
    fn fresh() -> Self {
        Self(Metrics::new().unwrap())
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.0) as _
    }
}

amo_connect_contract::observer_contract!(Harness);
