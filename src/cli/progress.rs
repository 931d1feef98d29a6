//! Progress bars on standard error.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressFinish, ProgressStyle};

use crate::agent::Progress;

/// Makes a receiver of progress that draws one bar for each table read and each mapping written.
pub(super) fn bars() -> impl Fn(Progress<'_>) + Send + Sync + 'static {
    let all = MultiProgress::new();
    let bars: Mutex<BTreeMap<String, ProgressBar>> = Mutex::default();
    move |progress| {
        let (name, done, of) = match progress {
            Progress::Reading { connection, table, rows } => {
                (format!("reading {table} of {connection}"), rows, None)
            }
            Progress::Writing { mapping, done, of } => (format!("writing {mapping}"), done, Some(of)),
        };
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(name.clone()).or_insert_with(|| all.add(bar(name, of)));
        if let Some(of) = of {
            bar.set_length(of);
        }
        bar.set_position(done);
        if of == Some(done) {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: String, of: Option<u64>) -> ProgressBar {
    let (bar, template) = match of {
        Some(of) => (ProgressBar::new(of), "{msg:<48} {wide_bar} {pos}/{len}"),
        None => (ProgressBar::no_length(), "{msg:<48} {pos} rows"),
    };
    let style = ProgressStyle::with_template(template).expect("the templates are well-formed");
    bar.with_style(style).with_message(name).with_finish(ProgressFinish::AndClear)
}
