//! How often the forms of late were seen.

/// How often the forms of late were seen, roughly: each has one place, which the next one may take.
#[derive(Debug)]
pub(super) struct Seen {
    places: Vec<OfLate>,
    /// Events in a span from which on a form is told apart among too many.
    pub(super) often: u8,
}

#[derive(Debug, Clone, Copy, Default)]
struct OfLate {
    /// A part of the form.
    mark: u16,
    /// Number of the span that it was last seen in, as far as it fits.
    span: u8,
    /// How often in that span, and half as often in the one before, and so on; once it was often, four times that, since what
    /// has a record of its own is not counted here.
    count: u8,
}

impl Seen {
    const PLACES: usize = 1 << 14;
    /// Fewest and most events that it takes.
    pub(super) const OFTEN: (u8, u8) = (3, 40);

    pub(super) fn new() -> Seen {
        Seen { places: Vec::new(), often: Self::OFTEN.0 }
    }

    /// Counts an event in the span with this number; whether there were often such of late.
    pub(super) fn again(&mut self, form: u64, span: u64) -> bool {
        if self.places.is_empty() {
            self.places.resize(Self::PLACES, OfLate::default());
        }
        let place = &mut self.places[form as usize % Self::PLACES];
        let (mark, span) = ((form >> 48) as u16, span as u8);
        // Nobody could guess whether it is the same form: no branch.
        let same = u8::from(place.mark == mark).wrapping_neg();
        let before = place.count >> span.wrapping_sub(place.span).min(7) & same;
        let count = before.saturating_add(1);
        *place = OfLate { mark, span, count: if count == self.often { count * 4 } else { count } };
        place.count >= self.often
    }

    /// Whether there were often such of late.
    pub(super) fn is_often(&self, form: u64) -> bool {
        let seen = self.places.get(form as usize % Self::PLACES);
        seen.is_some_and(|seen| seen.mark == (form >> 48) as u16 && seen.count >= self.often)
    }
}
