//! Features of several kinds as numbers of one size.
//!
//! Classifiers are learned from rows of one length: a kind of features that is larger than the others, or further from
//! zero, would count for more of it.

/// What features of a kind are in photos.
pub struct Spread {
    mean: f32,
    scale: f32,
}

impl Spread {
    /// A mean, and a deviation from it.
    pub const fn new(mean: f32, deviation: f32) -> Self {
        Self { mean, scale: 1.0 / deviation }
    }

    /// Replaces features by how many deviations they are from the mean.
    pub fn standardise(&self, features: &mut [f32]) {
        for feature in features {
            *feature = (*feature - self.mean) * self.scale;
        }
    }
}
