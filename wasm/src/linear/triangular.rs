//! Cholesky's factor of a symmetric matrix, and its inverse, in blocks and in place.
//!
//! All sums are dot products of row segments, `c[i][j] −= Σₖ a[i][k] · b[j][k]`: the factor L lies in the lower triangle, and
//! the inverse is kept transposed, U = (L⁻¹)ᵀ, in the upper one, so that both are read along their rows.

use core::array::from_fn;
use core::ops::Range;

use crate::simd;

/// Rows and columns of a block.
pub const BLOCK: usize = 32;

/// Columns of a block's rows that stay in the first-level cache: 32 × 128 × 8 bytes.
const DEPTH: usize = 128;

/// A register tile holds the sums of so many rows …
const TILE: usize = 4;

/// … with so many others.
const PAIR: usize = 2;

/// A square matrix `[size × pitch]` of f64; the size is a multiple of [`BLOCK`].
pub struct Square {
    size: usize,
    pitch: usize,
    cells: Vec<f64>,
}

impl Square {
    /// A unit matrix with room for `order` rows.
    pub fn unit(order: usize) -> Self {
        let size = order.next_multiple_of(BLOCK);
        // A row is a cache line longer than it must be, so that rows do not all fall into the same lines of the cache.
        let pitch = size + 8;
        let mut square = Self { size, pitch, cells: vec![0.0; size * pitch] };
        for i in 0..size {
            square.row_mut(i)[i] = 1.0;
        }
        square
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.cells[i * self.pitch..][..self.size]
    }

    /// Row `i`.
    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.cells[i * self.pitch..][..self.size]
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.cells[i * self.pitch + j]
    }

    /// Replaces the symmetric matrix in the lower triangle by its factor L, L·Lᵀ.
    ///
    /// # Errors
    /// The row at which the matrix turns out not to be positive definite.
    pub fn factor(&mut self) -> Result<(), usize> {
        for j in (0..self.size).step_by(BLOCK) {
            for i in (j..self.size).step_by(BLOCK) {
                let products = self.products(i, j, 0..j);
                for (r, row) in products.iter().enumerate() {
                    for (c, value) in row.iter().enumerate() {
                        self.cells[(i + r) * self.pitch + j + c] -= value;
                    }
                }
                if i == j { self.factor_block(j)? } else { self.divide_block(i, j) }
            }
        }
        Ok(())
    }

    /// Replaces L in the lower triangle by U = (L⁻¹)ᵀ in the upper one; the strictly lower triangle is left undefined.
    pub fn invert(&mut self) {
        for j in (0..self.size).step_by(BLOCK) {
            self.invert_block(j);
        }
        for j in (0..self.size).step_by(BLOCK) {
            for i in (j + BLOCK..self.size).step_by(BLOCK) {
                let products = self.products(i, j, j..i);
                for r in 0..BLOCK {
                    // Row r of T's block is column r of U's, which is zero after r.
                    let mut sums = [0.0; BLOCK];
                    for (k, products) in products.iter().enumerate().take(r + 1) {
                        let factor = self.at(i + k, i + r);
                        for (sum, product) in sums.iter_mut().zip(products) {
                            *sum += factor * product;
                        }
                    }
                    for (c, sum) in sums.into_iter().enumerate() {
                        self.cells[(j + c) * self.pitch + i + r] = -sum;
                    }
                }
            }
        }
    }

    /// `Σₖ a[i + r][k] · a[j + c][k]` over a range of whole blocks of columns, `[r][c]`.
    fn products(&self, i: usize, j: usize, range: Range<usize>) -> [[f64; BLOCK]; BLOCK] {
        let mut products = [[0.0; BLOCK]; BLOCK];
        for from in range.clone().step_by(DEPTH) {
            let depth = DEPTH.min(range.end - from);
            for r in (0..BLOCK).step_by(TILE) {
                let a = from_fn(|m| &self.row(i + r + m)[from..from + depth]);
                for c in (0..BLOCK).step_by(PAIR) {
                    let tile = dot_tile(a, from_fn(|n| &self.row(j + c + n)[from..from + depth]));
                    for (m, sums) in tile.into_iter().enumerate() {
                        for (n, sum) in sums.into_iter().enumerate() {
                            products[r + m][c + n] += sum;
                        }
                    }
                }
            }
        }
        products
    }

    fn factor_block(&mut self, j: usize) -> Result<(), usize> {
        for r in 0..BLOCK {
            for c in 0..=r {
                let sum: f64 = (0..c).map(|k| self.at(j + r, j + k) * self.at(j + c, j + k)).sum();
                let rest = self.at(j + r, j + c) - sum;
                self.cells[(j + r) * self.pitch + j + c] = if c < r {
                    rest / self.at(j + c, j + c)
                } else if rest > 0.0 && rest.is_finite() {
                    rest.sqrt()
                } else {
                    return Err(j + r);
                };
            }
        }
        Ok(())
    }

    /// Solves X·Ljjᵀ = block for X, in place.
    fn divide_block(&mut self, i: usize, j: usize) {
        for r in 0..BLOCK {
            for c in 0..BLOCK {
                let sum: f64 = (0..c).map(|k| self.at(i + r, j + k) * self.at(j + c, j + k)).sum();
                let value = (self.at(i + r, j + c) - sum) / self.at(j + c, j + c);
                self.cells[(i + r) * self.pitch + j + c] = value;
            }
        }
    }

    /// Replaces a block of L on the diagonal by the transpose of its inverse.
    fn invert_block(&mut self, j: usize) {
        let mut inverse = [[0.0; BLOCK]; BLOCK];
        for r in 0..BLOCK {
            let mut row = [0.0; BLOCK];
            row[r] = 1.0;
            for (k, above) in inverse.iter().enumerate().take(r) {
                for (value, above) in row.iter_mut().zip(above) {
                    *value -= self.at(j + r, j + k) * above;
                }
            }
            inverse[r] = row.map(|value| value / self.at(j + r, j + r));
        }
        for (r, row) in inverse.iter().enumerate() {
            for (c, value) in row.iter().enumerate() {
                self.cells[(j + c) * self.pitch + j + r] = *value;
            }
        }
    }
}

/// The dot products of four rows and two, all of one even length: even and odd terms apart, then together.
#[inline(always)]
fn dot_tile(a: [&[f64]; TILE], b: [&[f64]; PAIR]) -> [[f64; PAIR]; TILE] {
    let length = a[0].len();
    assert!(a.iter().chain(&b).all(|row| row.len() == length) && length.is_multiple_of(2));
    let (a, b) = (a.map(<[f64]>::as_ptr), b.map(<[f64]>::as_ptr));
    let mut sums = [[simd::zero(); PAIR]; TILE];
    for k in (0..length).step_by(2) {
        // SAFETY: `k + 2 ≤ length`, of every row.
        unsafe {
            let b = b.map(|b| simd::load(b.add(k)));
            for (sums, a) in sums.iter_mut().zip(a) {
                let a = simd::load(a.add(k));
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = simd::add_f64(*sum, simd::mul_f64(a, b));
                }
            }
        }
    }
    sums.map(|sums| {
        sums.map(|sum| {
            let [even, odd] = simd::lanes_f64(sum);
            even + odd
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M·Mᵀ + 1 for some M.
    fn positive(order: usize) -> Vec<Vec<f64>> {
        let m = |i: usize, j: usize| ((i * 37 + j * 101) % 17) as f64 / 17.0 - 0.5;
        let cell = |i: usize, j: usize| (0..order).map(|k| m(i, k) * m(j, k)).sum::<f64>();
        (0..order).map(|i| (0..order).map(|j| cell(i, j) + f64::from(u8::from(i == j))).collect()).collect()
    }

    fn loaded(matrix: &[Vec<f64>]) -> Square {
        let mut square = Square::unit(matrix.len());
        for (i, row) in matrix.iter().enumerate() {
            square.row_mut(i)[..=i].copy_from_slice(&row[..=i]);
        }
        square
    }

    #[test]
    fn the_inverse_of_the_factor_makes_the_matrix_one() {
        for order in [1, 2, 31, 32, 33, 100, 200] {
            let matrix = positive(order);
            let mut square = loaded(&matrix);
            assert_eq!(square.factor(), Ok(()));
            square.invert();
            // U = Tᵀ: column i of U is row i of T.
            let t = |i: usize, j: usize| if j <= i { square.at(j, i) } else { 0.0 };
            for i in 0..order {
                let row: Vec<f64> = (0..order).map(|k| (0..order).map(|j| t(i, j) * matrix[j][k]).sum()).collect();
                for j in 0..order {
                    let cell: f64 = (0..order).map(|k| row[k] * t(j, k)).sum();
                    assert!((cell - f64::from(u8::from(i == j))).abs() < 1e-9, "{order}: {i}, {j}: {cell}");
                }
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_is_refused_at_its_row() {
        for bad in [0, 1, 40, 99] {
            let mut matrix = positive(100);
            matrix[bad][bad] = -1.0;
            assert_eq!(loaded(&matrix).factor(), Err(bad));
        }
    }
}
