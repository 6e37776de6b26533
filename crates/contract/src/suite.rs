//! What the suites share: a case, how it is run, and the macro that makes both the list and the tests.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a case panics where a promise is broken")]

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Barrier;

/// One case of a suite, over the suite's harness.
pub struct Case<H: ?Sized> {
    /// The test's name, a sentence.
    pub name: &'static str,
    /// The promise of the port that it checks.
    pub promise: &'static str,
    /// Runs it. Panics where the promise is broken.
    pub run: for<'a> fn(&'a H) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
}

impl<H: ?Sized> Clone for Case<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: ?Sized> Copy for Case<H> {}

impl<H: ?Sized> fmt::Debug for Case<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How many cases these tables have.
pub(crate) const fn count<H: ?Sized>(tables: &[&[Case<H>]]) -> usize {
    let (mut count, mut table) = (0, 0);
    while table < tables.len() {
        count += tables[table].len();
        table += 1;
    }
    count
}

/// The cases of these tables, one table after another.
pub(crate) const fn concat<H: ?Sized, const COUNT: usize>(tables: &[&[Case<H>]]) -> [Case<H>; COUNT] {
    let mut all = [tables[0][0]; COUNT];
    let (mut done, mut table) = (0, 0);
    while table < tables.len() {
        let mut case = 0;
        while case < tables[table].len() {
            all[done] = tables[table][case];
            (done, case) = (done + 1, case + 1);
        }
        table += 1;
    }
    all
}

/// The case of this name.
pub fn case<'a, H: ?Sized>(cases: &'a [Case<H>], name: &str) -> &'a Case<H> {
    cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no case is called {name}"))
}

/// Runs the case of this name on the `harness` that is made for it.
pub fn judge<H: ?Sized>(cases: &[Case<H>], name: &str, harness: impl Future<Output = Box<H>>) {
    let case = case(cases, name);
    // Shown if the case fails.
    eprintln!("the port promises: {}", case.promise);
    run(async { (case.run)(&*harness.await).await });
}

/// Runs `test` on a multi-threaded runtime of its own, as the service has one.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}

/// Starts `count` tasks at the same moment, which have these handles in turn, and returns what they gave.
pub async fn race<S, T, F>(handles: &[S], count: u8, task: impl Fn(S, u8) -> F) -> Vec<T>
where
    S: Clone,
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(count.into()));
    let tasks: Vec<_> = (0..count)
        .zip(handles.iter().cycle())
        .map(|(number, handle)| {
            let (task, start) = (task(handle.clone(), number), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                task.await
            })
        })
        .collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

/// Polls `future` at most so many times, and drops it. `true` if it was done.
pub async fn abandon_after(polls: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// Makes, from the one list of a suite's cases, `CASES` and the macro that adapters call.
///
/// Each entry is a sentence of the port's documentation and the cases that check it.
macro_rules! cases {
    (
        ($d:tt) $contract:ident for $module:ident;
        $($promise:literal => [$($group:ident::$case:ident),+ $(,)?])+
    ) => {
        /// The cases, in the order of the port's promises.
        pub const CASES: &[Case] = &[$($(
            Case {
                name: stringify!($case),
                promise: $promise,
                run: |harness| Box::pin($group::$case(harness)),
            },
        )+)+];

        /// One test per case of the suite, on a fresh harness each.
        #[macro_export]
        macro_rules! $contract {
            ($d adapter:ty) => {
                $($(
                    #[test]
                    fn $case() {
                        $crate::$module::judge::<$d adapter>(stringify!($case));
                    }
                )+)+
            };
        }
    };
}
pub(crate) use cases;
