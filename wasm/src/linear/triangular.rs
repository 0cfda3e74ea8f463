//! Cholesky's factor of a symmetric matrix, and its inverse, in blocks and in place.
//!
//! All sums are dot products of row segments, `c[i][j] −= Σₖ a[i][k] · b[j][k]`: the factor L lies in the lower triangle, and
//! the inverse is kept transposed, U = (L⁻¹)ᵀ, in the upper one, so that both are read along their rows.

/// Rows and columns of a block.
pub const BLOCK: usize = 32;

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
                    for c in 0..BLOCK {
                        let sum: f64 = (0..=r).map(|k| self.at(i + k, i + r) * products[k][c]).sum();
                        self.cells[(j + c) * self.pitch + i + r] = -sum;
                    }
                }
            }
        }
    }

    /// `Σₖ a[i + r][k] · a[j + c][k]` over a range of columns, `[r][c]`.
    fn products(&self, i: usize, j: usize, range: core::ops::Range<usize>) -> [[f64; BLOCK]; BLOCK] {
        let mut products = [[0.0; BLOCK]; BLOCK];
        for (r, sums) in products.iter_mut().enumerate() {
            for (c, sum) in sums.iter_mut().enumerate() {
                let a = &self.row(i + r)[range.clone()];
                *sum = a.iter().zip(&self.row(j + c)[range.clone()]).map(|(a, b)| a * b).sum();
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
            for c in 0..r {
                let sum: f64 = (c..r).map(|k| self.at(j + r, j + k) * inverse[k][c]).sum();
                inverse[r][c] = -sum / self.at(j + r, j + r);
            }
            inverse[r][r] = 1.0 / self.at(j + r, j + r);
        }
        for (r, row) in inverse.iter().enumerate() {
            for (c, value) in row.iter().enumerate() {
                self.cells[(j + c) * self.pitch + j + r] = *value;
            }
        }
    }
}
