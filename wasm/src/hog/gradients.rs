//! Gradients of a photo: magnitude and orientation of each pixel.
//!
//! | array | shape | element |
//! | --- | --- | --- |
//! | photo | `[side × side × 3]` | u8, RGB |
//! | a row of gradients | `[side]` magnitudes, `[side]` orientations | f32 |
//!
//! Central differences, unsmoothed, of the colour in which they are largest (Dalal and Triggs 2005); beyond its edges
//! the photo repeats its outer pixels.

use super::COLOURS;

/// Orientations of a whole turn; a bin is a turn's 18th.
pub const TURN: usize = 18;

/// One row of gradients.
pub struct Gradients {
    side: usize,
    x: Vec<f32>,
    y: Vec<f32>,
    magnitudes: Vec<f32>,
    orientations: Vec<f32>,
}

impl Gradients {
    /// For photos of `side × side` pixels.
    pub fn new(side: usize) -> Self {
        let row = vec![0.0; side];
        Self { side, x: row.clone(), y: row.clone(), magnitudes: row.clone(), orientations: row }
    }

    /// Computes a row of gradients: magnitudes, in grey levels over two pixels; and orientations, 0 to 18, where 0 is
    /// towards the right and 4.5 downwards.
    pub fn row(&mut self, photo: &[u8], row: usize) -> (&[f32], &[f32]) {
        let last = self.side - 1;
        let pitch = self.side * COLOURS;
        let [above, here, below] =
            [row.saturating_sub(1), row, (row + 1).min(last)].map(|row| &photo[row * pitch..(row + 1) * pitch]);
        for (column, (x, y)) in self.x.iter_mut().zip(&mut self.y).enumerate() {
            let [left, middle, right] =
                [column.saturating_sub(1), column, (column + 1).min(last)].map(|column| column * COLOURS);
            let mut steepest = -1;
            for colour in 0..COLOURS {
                let across = i32::from(here[right + colour]) - i32::from(here[left + colour]);
                let down = i32::from(below[middle + colour]) - i32::from(above[middle + colour]);
                let steepness = across * across + down * down;
                if steepness > steepest {
                    steepest = steepness;
                    (*x, *y) = (across as f32, down as f32);
                }
            }
        }
        let gradients = self.x.iter().zip(&self.y);
        for ((x, y), (magnitude, orientation)) in gradients.zip(self.magnitudes.iter_mut().zip(&mut self.orientations))
        {
            *magnitude = (x * x + y * y).sqrt();
            *orientation = angle(*x, *y);
        }
        (&self.magnitudes, &self.orientations)
    }
}

/// The angle of (x, y) in bins, 0 to 18: within 0.001 of the arc tangent, and the same bits everywhere.
#[inline(always)]
fn angle(x: f32, y: f32) -> f32 {
    const QUARTER: f32 = TURN as f32 / 4.0;
    // Coefficients of an odd polynomial for atan on 0 to 1 (Abramowitz and Stegun 4.4.49's form), in bins.
    const BINS: f32 = TURN as f32 / core::f32::consts::TAU;
    const C: [f32; 5] =
        [0.999_866 * BINS, -0.330_299_5 * BINS, 0.180_141 * BINS, -0.085_133 * BINS, 0.020_835_1 * BINS];
    let (across, along) = (x.abs(), y.abs());
    let (least, most) = if across < along { (across, along) } else { (along, across) };
    let ratio = least / most.max(1.0);
    let square = ratio * ratio;
    let octant = ratio * (C[0] + square * (C[1] + square * (C[2] + square * (C[3] + square * C[4]))));
    let quadrant = if across < along { QUARTER - octant } else { octant };
    let half = if x < 0.0 { 2.0 * QUARTER - quadrant } else { quadrant };
    if y < 0.0 { 4.0 * QUARTER - half } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_angle_is_that_of_the_arc_tangent() {
        for (x, y) in (-255i16..=255).flat_map(|x| (-255i16..=255).map(move |y| (f32::from(x), f32::from(y)))) {
            let expected = y.atan2(x).rem_euclid(core::f32::consts::TAU) / core::f32::consts::TAU * TURN as f32;
            let apart = (angle(x, y) - expected).abs();
            assert!(apart.min(TURN as f32 - apart) < 0.001, "{x}, {y}: {} is not {expected}", angle(x, y));
            assert!((0.0..=TURN as f32).contains(&angle(x, y)));
        }
    }

    #[test]
    fn a_row_has_the_gradients_of_its_pixels() {
        let mut photo = [0; 4 * 4 * COLOURS];
        for (at, value) in photo.iter_mut().enumerate() {
            *value = if at % COLOURS == 1 { 10 * (at / COLOURS % 4) as u8 } else { 3 * (at / COLOURS / 4) as u8 };
        }
        let mut gradients = Gradients::new(4);
        let (magnitudes, orientations) = gradients.row(&photo, 1);
        assert_eq!((magnitudes, orientations), (&[10.0, 20.0, 20.0, 10.0][..], &[0.0; 4][..]));
    }
}
