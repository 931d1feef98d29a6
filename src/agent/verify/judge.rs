//! Judging what was read: every coupling and every row without a partner gets its class, and what is strange is read by
//! key once more before it is named.

use std::collections::BTreeSet;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::reread::reread;
use crate::agent::prepare::Prepared;
use crate::agent::report::reason_group;
use crate::model::{Pair, RowId, Side};
use crate::store::StoreError;
use crate::sync::{Class, OutOfScope};

use super::VerifyOptions;
use super::news::News;
use super::reading::Reading;
use super::report::{Finding, MappingVerdict};

/// How many rows are held with their contents at once.
pub(super) const CHUNK: usize = 500;

/// Judges a mapping. Nothing may change the books meanwhile.
pub async fn judge(
    engine: &Engine,
    prepared: &Prepared,
    reading: &Reading,
    options: &VerifyOptions,
    verdict: MappingVerdict,
) -> Result<MappingVerdict, EngineError> {
    let mut judge = Judge { engine, prepared, options, verdict };
    for side in Side::BOTH {
        judge.verdict.read[side] = reading.sides[side].rows();
        judge.verdict.outside[side] = reading.sides[side].outside.len() as u64;
        judge.verdict.pending += reading.sides[side].unread.len() as u64;
    }
    judge.couplings(&reading.sides).await?;
    let twins = judge.twins(&reading.sides).await?;
    for side in Side::BOTH {
        judge.alone(side, &reading.sides[side].alone, &twins[side])?;
        judge.strange(side, &reading.sides[side].strange, &twins[side]).await?;
    }
    Ok(judge.verdict)
}

/// A mapping being judged.
pub(super) struct Judge<'a> {
    pub engine: &'a Engine,
    pub prepared: &'a Prepared,
    pub options: &'a VerifyOptions,
    pub verdict: MappingVerdict,
}

impl Judge<'_> {
    /// Counts a coupling, or a row without a partner that waits.
    pub(super) fn count(&mut self, class: Class) {
        let verdict = &mut self.verdict;
        match class {
            Class::Equal => verdict.equal += 1,
            Class::Pending => verdict.pending += 1,
            Class::Conflict => verdict.conflicts += 1,
            Class::Parked(reason) => {
                *verdict.parked.entry(reason_group(&reason, &self.prepared.mapping)).or_default() += 1;
            }
            Class::Waiting(what) => *verdict.waiting.entry(what).or_default() += 1,
            Class::OutOfScope(why) => {
                let why = match why {
                    OutOfScope::OutsideFilter => "a row is outside the mapping's filter",
                    OutOfScope::Deleted => "a row was deleted and the other is left alone",
                    OutOfScope::Severed => "a person said that the two rows are not one",
                };
                *verdict.not_compared.entry(why.to_owned()).or_default() += 1;
            }
            Class::Different(_) => verdict.different += 1,
            Class::Missing { .. } => verdict.missing += 1,
            Class::Unreadable { .. } => verdict.unreadable += 1,
        }
    }

    /// Returns which of these rows the next run will be shown by itself.
    pub(super) async fn news(&self, rows: &Pair<BTreeSet<RowId>>) -> Result<Pair<News>, EngineError> {
        Ok(Pair::new(
            News::of(self.engine, self.prepared, Side::Left, &rows.left).await?,
            News::of(self.engine, self.prepared, Side::Right, &rows.right).await?,
        ))
    }

    /// Stores what is seen of rows, where that is wanted, so that the next run decides about them.
    pub(super) async fn repair(&self, rows: &Pair<Vec<RowId>>) -> Result<(), EngineError> {
        if self.options.repair {
            for side in Side::BOTH {
                reread(self.engine, self.prepared, side, &rows[side]).await?;
            }
        }
        Ok(())
    }

    /// Names what is not as the books say, if one more is wanted.
    pub(super) fn name(
        &mut self,
        finding: impl FnOnce(&Self) -> Result<Finding, StoreError>,
    ) -> Result<(), StoreError> {
        if self.verdict.findings.len() < self.options.most_findings {
            let finding = finding(self)?;
            self.verdict.findings.push(finding);
        } else {
            self.verdict.findings_left_out += 1;
        }
        Ok(())
    }
}
