//! How far the refresh is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// DocTypes between two lines.
const STEP: usize = 100;

/// Shows on stderr how many DocTypes have been read.
pub struct Progress {
    bar: Option<ProgressBar>,
    said: usize,
}

impl Progress {
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, said: 0 }
    }

    /// `done` of `total` are settled, `name` the last of them; the total grows as child tables turn up.
    pub fn at(&mut self, done: usize, total: usize, name: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
            bar.set_message(name.to_owned());
        } else if done >= self.said + STEP {
            self.said = done;
            eprintln!("{done} of {total} DocTypes");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
