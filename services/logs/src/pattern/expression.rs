//! Conditions joined by `&&` and `||`, with parentheses; `&&` binds more tightly.

use super::Invalid;
use super::scan::Scanner;

#[derive(Debug)]
pub enum Expression<L> {
    All(Vec<Expression<L>>),
    Any(Vec<Expression<L>>),
    Leaf(L),
}

/// Parentheses in parentheses go no deeper.
const DEEPEST: usize = 64;

type Leaf<'a, L> = &'a mut dyn FnMut(&mut Scanner) -> Result<L, Invalid>;

impl<L> Expression<L> {
    /// Reads until something comes that is no operator.
    pub fn parse(from: &mut Scanner, leaf: Leaf<L>) -> Result<Self, Invalid> {
        any(from, leaf, 0)
    }

    pub fn holds(&self, of: &dyn Fn(&L) -> bool) -> bool {
        match self {
            Expression::All(parts) => parts.iter().all(|it| it.holds(of)),
            Expression::Any(parts) => parts.iter().any(|it| it.holds(of)),
            Expression::Leaf(leaf) => of(leaf),
        }
    }

    /// Every condition in it.
    pub fn leaves(&self) -> Vec<&L> {
        match self {
            Expression::All(parts) | Expression::Any(parts) => parts.iter().flat_map(Expression::leaves).collect(),
            Expression::Leaf(leaf) => vec![leaf],
        }
    }
}

fn any<L>(from: &mut Scanner, leaf: Leaf<L>, depth: usize) -> Result<Expression<L>, Invalid> {
    let mut parts = vec![all(from, leaf, depth)?];
    while joined(from, "||") {
        parts.push(all(from, leaf, depth)?);
    }
    Ok(Expression::Any(parts))
}

fn all<L>(from: &mut Scanner, leaf: Leaf<L>, depth: usize) -> Result<Expression<L>, Invalid> {
    let mut parts = vec![one(from, leaf, depth)?];
    while joined(from, "&&") {
        parts.push(one(from, leaf, depth)?);
    }
    Ok(Expression::All(parts))
}

fn one<L>(from: &mut Scanner, leaf: Leaf<L>, depth: usize) -> Result<Expression<L>, Invalid> {
    from.skip_space();
    if !from.take("(") {
        return leaf(from).map(Expression::Leaf);
    }
    if depth == DEEPEST {
        return Err(Invalid::Pattern);
    }
    let inside = any(from, leaf, depth + 1)?;
    from.skip_space();
    if from.take(")") { Ok(inside) } else { Err(Invalid::Pattern) }
}

fn joined(from: &mut Scanner, by: &str) -> bool {
    from.skip_space();
    from.take(by)
}
