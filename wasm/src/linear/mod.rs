//! Learning linear classifiers by the thousand: sums of features, whitening, projection, and the learning step.
//!
//! All of it is products of matrices ([`product`]) over panels of 16 lanes ([`panels`]). Every sum is formed in one order,
//! by rising index, whatever the tile or the block: a class has the same bits whichever other classes lie beside it.

pub mod batch;
pub mod learner;
pub mod panels;
pub mod product;
pub mod projection;
pub mod statistics;
pub mod triangular;
pub mod whitening;
