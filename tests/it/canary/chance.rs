//! Chance that can be had again: the same case, the same throws.

/// The throws of one case.
pub struct Chance(u64);

impl Chance {
    pub fn of(case: u64) -> Self {
        // From states that lie apart: else a case would throw what the one before throws, one throw later.
        Self(Self(case).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `sides` - 1.
    pub fn throw(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % sides.max(1) as u64).unwrap()
    }

    /// True in so many of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.throw(100) < percent
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.throw(from.len())]
    }

    /// One of them, if there is any.
    pub fn one<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.throw(from.len()))
    }

    /// A text that stands nowhere else.
    pub fn word(&mut self) -> String {
        format!("cnry{:012x}", self.next() >> 16)
    }
}
