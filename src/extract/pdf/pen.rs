//! The pen that writes a page: its place, its font and size, and where a line or a word ends. A page says where glyphs are
//! painted, not what a line or a word is.

use std::rc::Rc;

use super::font::Font;

/// The gap between glyphs, in parts of their size, that parts words: a narrow space has two tenths of it.
const GAP: f64 = 0.15;
/// How much wider the gap has to be where widths are guessed: as much of what was written, and never more of the size.
const DOUBT: (f64, f64) = (0.05, 0.1);
/// How far a line is from the next, in parts of the size: more than a raised number, less than the closest lines.
const APART: f64 = 0.5;
/// The most states that are kept.
const MOST_KEPT: usize = 1_000;

/// What a point is moved by: `[a b c d e f]` as a PDF writes it.
pub(super) type Matrix = [f64; 6];

const SAME: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// First the one, then the other.
fn then(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

/// What `q` keeps and `Q` gives back.
#[derive(Clone)]
pub(super) struct State {
    pub matrix: Matrix,
    pub font: Option<Rc<Font>>,
    pub size: f64,
    /// What is added to each glyph, and to each space.
    pub spacing: f64,
    pub word_spacing: f64,
    pub stretch: f64,
    pub leading: f64,
    pub rise: f64,
}

/// What writes a page.
pub(super) struct Pen {
    pub text: String,
    /// Whether something was written that cannot be read.
    pub lost: bool,
    pub state: State,
    pub kept: Vec<State>,
    /// Where it is, and where the line begins.
    at: Matrix,
    line: Matrix,
    /// Where what it wrote last ends.
    end: Option<End>,
    /// Whether another line was asked for, wherever it is.
    breaks: bool,
}

struct End {
    x: f64,
    y: f64,
    size: f64,
    /// How much of it was written without a move, where widths are guessed.
    guessed: f64,
}

impl Default for Pen {
    fn default() -> Self {
        let state = State {
            matrix: SAME,
            font: None,
            size: 0.0,
            spacing: 0.0,
            word_spacing: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let (text, kept) = (String::new(), Vec::new());
        Self { text, lost: false, state, kept, at: SAME, line: SAME, end: None, breaks: false }
    }
}

impl Pen {
    pub fn keep(&mut self) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push(self.state.clone());
        }
    }

    pub fn give_back(&mut self) {
        if let Some(kept) = self.kept.pop() {
            self.state = kept;
        }
    }

    /// Has everything from now on moved by that first.
    pub fn transform(&mut self, matrix: Matrix) {
        self.state.matrix = then(matrix, self.state.matrix);
    }

    /// Goes there, whatever was before.
    pub fn place(&mut self, matrix: Matrix) {
        (self.at, self.line) = (matrix, matrix);
    }

    /// Begins a text.
    pub fn begin(&mut self) {
        self.place(SAME);
    }

    /// Goes so far from where the line began.
    pub fn go(&mut self, x: f64, y: f64) {
        self.place(then([1.0, 0.0, 0.0, 1.0, x, y], self.line));
    }

    pub fn next_line(&mut self) {
        self.breaks = true;
        self.go(0.0, -self.state.leading);
    }

    /// Goes on by thousandths of the size, as the numbers between strings say.
    pub fn back(&mut self, thousandths: f64) {
        self.advance(-thousandths / 1000.0 * self.state.size * self.state.stretch);
    }

    /// Writes a string.
    pub fn write(&mut self, bytes: &[u8]) {
        let Some(font) = self.state.font.clone() else {
            self.lost |= !bytes.is_empty();
            return;
        };
        for glyph in font.glyphs(bytes) {
            let State { size, spacing, word_spacing, stretch, .. } = self.state;
            let advance = (glyph.width * size + spacing + if glyph.parts_words { word_spacing } else { 0.0 }) * stretch;
            match glyph.text {
                Some(said) => self.say(&said, advance, font.is_guessed()),
                None => {
                    self.lost = true;
                    self.advance(advance);
                }
            }
        }
    }

    fn advance(&mut self, x: f64) {
        self.at = then([1.0, 0.0, 0.0, 1.0, x, 0.0], self.at);
    }

    /// Where it is on the page, raised as it may be.
    fn on_page(&self) -> Matrix {
        then(then([1.0, 0.0, 0.0, 1.0, 0.0, self.state.rise], self.at), self.state.matrix)
    }

    fn say(&mut self, said: &str, advance: f64, is_guessed: bool) {
        let here = self.on_page();
        let unit = here[0].hypot(here[1]);
        let size = self.state.size.abs() * unit;
        let mut guessed = 0.0;
        if let Some(end) = &self.end {
            let (right, up) = (here[4] - end.x, here[5] - end.y);
            let (along, across) = ((right * here[0] + up * here[1]) / unit, (right * here[1] - up * here[0]) / unit);
            let room = size * GAP + end.guessed.min(size * DOUBT.1);
            if self.breaks || across.abs() > APART * (size + end.size) / 2.0 {
                self.part('\n');
            } else if along > room || along < -size {
                self.part(' ');
            } else {
                guessed = end.guessed;
            }
        }
        self.text.push_str(said);
        self.advance(advance);
        if is_guessed {
            guessed += (advance * unit).abs() * DOUBT.0;
        }
        let there = self.on_page();
        (self.end, self.breaks) = (Some(End { x: there[4], y: there[5], size, guessed }), false);
    }

    /// Parts what was written from what follows.
    fn part(&mut self, sign: char) {
        let written = self.text.trim_end_matches(' ').len();
        if sign == '\n' {
            self.text.truncate(written);
        }
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(sign);
        }
    }
}
