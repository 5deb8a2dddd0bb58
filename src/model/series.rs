//! The history of one figure: what this run has seen of it, and before that what was reconstructed; read out as equal buckets for a
//! sparkline.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::section::Moment;

/// Samples kept per figure: an hour at one sample every two seconds.
const CAPACITY: usize = 1_800;

/// What a sparkline shows in one of its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bucket {
    /// Before the first sample.
    Before,
    /// The engine was not asked or did not answer.
    Gap,
    /// The highest value seen or still standing in this time.
    Value(f64),
    /// The same, reconstructed from the engine's history: nobody watched then.
    Reconstructed(f64),
}

/// Samples of one figure over time.
#[derive(Clone, Debug, Default)]
pub struct Series {
    samples: VecDeque<(Instant, Option<f64>)>,
    /// How many of the oldest samples were reconstructed rather than measured.
    reconstructed: usize,
}

impl Series {
    /// Adds a value.
    pub fn push(&mut self, at: Moment, value: f64) {
        self.add(at.instant, Some(value));
    }

    /// Notes that from `at` on nothing is known, until the next value.
    pub fn gap(&mut self, at: Moment) {
        if matches!(self.samples.back(), Some((_, Some(_)))) {
            self.add(at.instant, None);
        }
    }

    fn add(&mut self, at: Instant, value: Option<f64>) {
        if self.samples.len() == CAPACITY {
            self.samples.pop_front();
            self.reconstructed = self.reconstructed.saturating_sub(1);
        }
        self.samples.push_back((at, value));
    }

    /// The oldest sample, if it is a value and was measured: what came before it can be reconstructed.
    pub fn first_measured(&self) -> Option<(Instant, f64)> {
        let (at, value) = self.samples.front().filter(|_| self.reconstructed == 0)?;
        Some((*at, (*value)?))
    }

    /// Puts reconstructed values, oldest first, before the oldest measured one. As many as there is room for; a second time none.
    pub fn prepend(&mut self, values: &[(Instant, f64)]) {
        let Some((first, _)) = self.first_measured() else { return };
        for &(at, value) in values.iter().rev().filter(|(at, _)| *at < first).take(CAPACITY - self.samples.len()) {
            self.samples.push_front((at, Some(value)));
            self.reconstructed += 1;
        }
    }

    /// The newest value, none within a gap.
    pub fn last(&self) -> Option<f64> {
        self.samples.back().and_then(|(_, value)| *value)
    }

    /// The span a sparkline should show: the shortest of 1, 5, 15 and 60 minutes that holds all samples.
    pub fn span(&self, now: Moment) -> Duration {
        let age = self.samples.front().map_or(Duration::ZERO, |(first, _)| now.instant.saturating_duration_since(*first));
        [1, 5, 15].into_iter().map(|minutes| Duration::from_secs(minutes * 60)).find(|span| age <= *span).unwrap_or(Duration::from_secs(3600))
    }

    /// Change of the newest value against the oldest one within `span`; none without two values.
    pub fn delta(&self, now: Moment, span: Duration) -> Option<f64> {
        let start = now.instant.checked_sub(span)?;
        let newest = self.last()?;
        let mut oldest = None;
        for &(at, value) in &self.samples {
            if let Some(value) = value
                && (oldest.is_none() || at <= start)
            {
                oldest = Some(value);
            }
        }
        (self.samples.len() > 1).then(|| newest - oldest.unwrap_or(newest))
    }

    /// The last `span` up to `now` in `columns` equal buckets, oldest first.
    ///
    /// A value stands until the next sample, so a stretched interval is no gap; only a noted gap is drawn as one.
    pub fn buckets(&self, now: Moment, span: Duration, columns: usize) -> Vec<Bucket> {
        let mut buckets = vec![Bucket::Before; columns];
        if columns == 0 {
            return buckets;
        }
        let width = span / u32::try_from(columns).unwrap_or(u32::MAX);
        let Some(start) = now.instant.checked_sub(span) else { return buckets };
        let mut samples = self.samples.iter().enumerate().map(|(place, (at, value))| (*at, self.shown(place, *value))).peekable();
        let mut standing = Bucket::Before;
        while let Some(&(at, shown)) = samples.peek()
            && at <= start
        {
            standing = shown;
            samples.next();
        }
        for (index, bucket) in buckets.iter_mut().enumerate() {
            let end = if index + 1 == columns { now.instant } else { start + width * (u32::try_from(index).unwrap_or(0) + 1) };
            *bucket = standing;
            while let Some(&(at, shown)) = samples.peek()
                && at <= end
            {
                standing = shown;
                *bucket = if index + 1 == columns && *bucket == Bucket::Gap { standing } else { higher(*bucket, standing) };
                samples.next();
            }
        }
        buckets
    }

    fn shown(&self, place: usize, value: Option<f64>) -> Bucket {
        match value {
            None => Bucket::Gap,
            Some(value) if place < self.reconstructed => Bucket::Reconstructed(value),
            Some(value) => Bucket::Value(value),
        }
    }
}

/// What a bucket shows that began as `a` and then saw `b`: the higher of two values; a gap it began in stays visible, one that
/// begins in it shows in the next.
fn higher(a: Bucket, b: Bucket) -> Bucket {
    match (a, b) {
        (Bucket::Reconstructed(a), Bucket::Reconstructed(b)) => Bucket::Reconstructed(a.max(b)),
        // What was measured within the column makes it a measured one.
        (Bucket::Value(a) | Bucket::Reconstructed(a), Bucket::Value(b)) => Bucket::Value(a.max(b)),
        (Bucket::Before, b) => b,
        (a, _) => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Moment, seconds: u64) -> Moment {
        start.after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_value_stands_until_the_next_sample() {
        let start = Moment::now().after(Duration::from_secs(1000));
        let mut series = Series::default();
        series.push(at(start, 5), 3.0);
        series.push(at(start, 35), 9.0);
        assert_eq!(
            series.buckets(at(start, 60), Duration::from_secs(60), 6),
            [Bucket::Value(3.0), Bucket::Value(3.0), Bucket::Value(3.0), Bucket::Value(9.0), Bucket::Value(9.0), Bucket::Value(9.0)]
        );
    }

    #[test]
    fn a_gap_in_polling_is_a_gap_and_not_a_zero() {
        let start = Moment::now().after(Duration::from_secs(1000));
        let mut series = Series::default();
        series.push(at(start, 12), 3.0);
        series.gap(at(start, 21));
        series.push(at(start, 45), 4.0);
        assert_eq!(
            series.buckets(at(start, 60), Duration::from_secs(60), 6),
            [Bucket::Before, Bucket::Value(3.0), Bucket::Value(3.0), Bucket::Gap, Bucket::Gap, Bucket::Value(4.0)]
        );
    }

    #[test]
    fn a_peak_between_two_columns_is_not_lost() {
        let start = Moment::now().after(Duration::from_secs(1000));
        let mut series = Series::default();
        series.push(at(start, 1), 1.0);
        series.push(at(start, 31), 50.0);
        series.push(at(start, 32), 1.0);
        let buckets = series.buckets(at(start, 60), Duration::from_secs(60), 3);
        assert_eq!(buckets[1], Bucket::Value(50.0));
    }

    #[test]
    fn delta_compares_with_the_value_at_the_start_of_the_span() {
        let start = Moment::now().after(Duration::from_secs(1000));
        let mut series = Series::default();
        assert_eq!(series.delta(start, Duration::from_secs(60)), None);
        series.push(at(start, 0), 5.0);
        assert_eq!(series.delta(at(start, 1), Duration::from_secs(60)), None);
        series.push(at(start, 50), 7.0);
        series.push(at(start, 100), 12.0);
        assert_eq!(series.delta(at(start, 100), Duration::from_secs(60)), Some(7.0));
        assert_eq!(series.delta(at(start, 100), Duration::from_secs(40)), Some(5.0));
    }

    #[test]
    fn reconstructed_values_stand_before_the_measured_ones_and_show_as_such() {
        let start = Moment::now().after(Duration::from_secs(1000));
        let mut series = Series::default();
        series.push(at(start, 35), 9.0);
        let ago = |seconds| at(start, seconds).instant;
        series.prepend(&[(ago(5), 4.0), (ago(15), 6.0), (ago(40), 99.0)]);
        assert_eq!(
            series.buckets(at(start, 60), Duration::from_secs(60), 6),
            [Bucket::Reconstructed(4.0), Bucket::Reconstructed(6.0), Bucket::Reconstructed(6.0), Bucket::Value(9.0), Bucket::Value(9.0), Bucket::Value(9.0)]
        );
        assert_eq!(series.delta(at(start, 60), Duration::from_secs(60)), Some(5.0));
        let before = series.samples.clone();
        series.prepend(&[(ago(1), 1.0)]);
        assert_eq!(series.samples, before);
    }

    #[test]
    fn a_past_is_reconstructed_only_before_a_measured_value() {
        let start = Moment::now();
        let mut series = Series::default();
        assert_eq!(series.first_measured(), None);
        series.push(start, 2.0);
        assert_eq!(series.first_measured(), Some((start.instant, 2.0)));
        series.prepend(&[(at(start, 0).instant - Duration::from_millis(1), 1.0)]);
        assert_eq!(series.first_measured(), None);
    }

    #[test]
    fn memory_is_bounded() {
        let start = Moment::now();
        let mut series = Series::default();
        for second in 0..5_000 {
            series.push(at(start, second), 1.0);
        }
        assert_eq!(series.samples.len(), CAPACITY);
    }
}
