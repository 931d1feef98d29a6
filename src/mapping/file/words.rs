//! The words that a mapping file may use, and what they mean.

use std::time::Duration;

use toml::Spanned;

use crate::mapping::company::CompanyRows;
use crate::mapping::definition::{DeletionPolicy, Direction, Drift, Policy};
use crate::mapping::nearest::or_nearest;
use crate::mapping::schedule::{Schedule, duration};
use crate::model::Side;

use super::{MappingError, Reader};

impl Reader<'_> {
    pub(super) fn direction(&self, raw: &Spanned<String>) -> Result<Direction, MappingError> {
        match raw.get_ref().as_str() {
            "->" => Ok(Direction::ToRight),
            "<-" => Ok(Direction::ToLeft),
            "<->" => Ok(Direction::Both),
            "left unless blank" => Ok(Direction::UnlessBlank(Side::Left)),
            "right unless blank" => Ok(Direction::UnlessBlank(Side::Right)),
            "create only" => Ok(Direction::CreateOnly),
            "match" => Ok(Direction::Match),
            other => {
                let choices = "->, <-, <->, left unless blank, right unless blank, create only or match";
                Err(self.choice("direction", other, choices, raw))
            }
        }
    }

    pub(super) fn policy(&self, raw: &Spanned<String>) -> Result<Policy, MappingError> {
        match raw.get_ref().as_str() {
            "ask" => Ok(Policy::Ask),
            "left" => Ok(Policy::Take(Side::Left)),
            "right" => Ok(Policy::Take(Side::Right)),
            "newer" => Ok(Policy::Newer),
            other => Err(self.choice("conflict policy", other, "ask, left, right or newer", raw)),
        }
    }

    pub(super) fn drift(&self, raw: &Spanned<String>) -> Result<Drift, MappingError> {
        match raw.get_ref().as_str() {
            "revert" => Ok(Drift::Revert),
            "keep" => Ok(Drift::Keep),
            "report" => Ok(Drift::Report),
            other => Err(self.choice("drift policy", other, "revert, keep or report", raw)),
        }
    }

    pub(super) fn deletion(&self, raw: &Spanned<String>) -> Result<DeletionPolicy, MappingError> {
        match raw.get_ref().as_str() {
            "ignore" => Ok(DeletionPolicy::Ignore),
            "delete" => Ok(DeletionPolicy::Delete),
            "uncouple" => Ok(DeletionPolicy::Uncouple),
            "ask" => Ok(DeletionPolicy::Ask),
            "restore" => Ok(DeletionPolicy::Restore),
            other => {
                let choices = "ignore, ask, delete, uncouple or restore";
                Err(self.choice("deletion policy", other, choices, raw))
            }
        }
    }

    pub(super) fn company(&self, raw: Option<&Spanned<String>>) -> Result<Option<CompanyRows>, MappingError> {
        let Some(raw) = raw else { return Ok(None) };
        match raw.get_ref().as_str() {
            "master" => Ok(Some(CompanyRows::Master)),
            "document" => Ok(Some(CompanyRows::Document)),
            other => Err(self.choice("kind of a company's rows", other, "master or document", raw)),
        }
    }

    pub(super) fn schedule(
        &self,
        every: Option<&Spanned<String>>,
        sleep: Option<&Spanned<String>>,
    ) -> Result<Schedule, MappingError> {
        let sleeps = |sleep: &Spanned<String>| self.duration("sleep", sleep);
        match (every.map(|every| (every, every.get_ref().as_str())), sleep) {
            (Some((_, "on demand")), None) => Ok(Schedule::OnDemand),
            (None | Some((_, "look")), None) => Ok(Schedule::EachLook),
            (None | Some((_, "on demand" | "look")), Some(sleep)) => {
                let problem = "`sleep` is for mappings with a time in `every`, as `every = \"30 min\"`";
                Err(self.text.at_value(sleep, problem))
            }
            (Some((every, _)), sleep) => Ok(Schedule::Every {
                interval: self.duration("every", every)?,
                sleep: sleep.map(sleeps).transpose()?,
            }),
        }
    }

    fn duration(&self, key: &str, raw: &Spanned<String>) -> Result<Duration, MappingError> {
        duration(raw.get_ref()).ok_or_else(|| {
            let more = if key == "every" { ", or \"look\" or \"on demand\"" } else { "" };
            let problem = format!("`{key}` is no time: write it as \"30 min\" or \"12 h\"{more}");
            self.text.at_value(raw, problem)
        })
    }

    /// Makes the error for a word that is none of those that may stand there.
    pub(super) fn choice(
        &self,
        what: &str,
        found: &str,
        choices: &str,
        place: &Spanned<String>,
    ) -> MappingError {
        let known = choices.split(", ").flat_map(|choice| choice.split(" or "));
        let problem = format!("\"{found}\" is no {what}; write {choices}");
        self.text.at_value(place, or_nearest(problem, found, known))
    }
}
