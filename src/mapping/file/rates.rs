//! Fields that are exchange rates: which field tells the currency, and that they can be converted.

use toml::Spanned;

use crate::mapping::definition::{Direction, Field, FieldKind};
use crate::model::{FieldId, Side};

use super::raw::RawField;
use super::{MappingError, Reader};

/// Lists the fields that are rates, each with the word that names the field of its currency's code.
pub(super) fn rates(fields: &[Spanned<RawField>]) -> Vec<(FieldId, Spanned<String>)> {
    let fields = fields.iter().map(Spanned::get_ref).filter(|field| field.enabled);
    fields.filter_map(|field| Some((FieldId::new(field.id.as_str()), field.rate_of.clone()?))).collect()
}

impl Reader<'_> {
    /// Checks that a field can be the rate of the currency whose code that other one holds.
    pub(super) fn is_rate(
        &self,
        fields: &[Field],
        rate: &FieldId,
        code: &Spanned<String>,
    ) -> Result<(), MappingError> {
        let code_id = FieldId::new(code.get_ref().as_str());
        self.known(fields, &code_id, code)?;
        let field = |id: &FieldId| fields.iter().find(|field| field.id == *id);
        let Some(found) = field(rate) else { return Ok(()) };
        // What is converted is rounded on the way, and would not come back as it was.
        let owner = match found.direction {
            Direction::ToRight => Some(Side::Left),
            Direction::ToLeft => Some(Side::Right),
            _ => None,
        };
        let has_column = |id: &FieldId, side| field(id).is_some_and(|field| field.column(side).is_some());
        let problem = match owner {
            _ if !matches!(found.kind, FieldKind::Number { .. }) => {
                "its `type` has to be \"number\"".to_owned()
            }
            None => "its `direction` has to be -> or <-".to_owned(),
            Some(side) if has_column(rate, side) && has_column(&code_id, side) => return Ok(()),
            Some(side) => format!("it and the field of the code each have to be one column on the {side}"),
        };
        Err(self.text.at_value(code, format!("field {rate} cannot have `rate_of`: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use crate::mapping::parse;
    use crate::model::{ConnectionName, Pair};

    fn read(field: &str) -> Result<Option<String>, String> {
        let text = format!(
            "name = \"M\"\nlabel = \"code\"\n[left]\ntable = \"l\"\n[right]\ntable = \"r\"\n\
             [[field]]\nid = \"code\"\nleft = \"c\"\nright = \"c\"\ndirection = \"match\"\ntype = \"code\"\n\
             [[field]]\nid = \"rate\"\nright = \"r\"\n{field}\n"
        );
        let connections = Pair::new("l", "r").map(ConnectionName::new);
        let mapping = parse("M.toml", &text, &connections).map_err(|error| error.to_string())?;
        Ok(mapping.fields.last().and_then(|field| field.rate_of.as_ref()).map(ToString::to_string))
    }

    #[test]
    fn a_rate_names_the_field_of_its_currencys_code() {
        let number = "left = \"r\"\ntype = \"number\"\ndirection = \"->\"\n";
        assert_eq!(read(number), Ok(None));
        assert_eq!(read(&format!("{number}rate_of = \"code\"")), Ok(Some("code".to_owned())));
        assert_eq!(
            read(&format!("{}rate_of = \"code\"", number.replace("->", "<-"))),
            Ok(Some("code".to_owned()))
        );
        let off = "left = \"r\"\ndirection = \"->\"\nenabled = false\nrate_of = \"code\"";
        assert_eq!(read(off), Ok(None), "what is switched off is no rate of anything");
        for (field, problem) in [
            (format!("{number}rate_of = \"cod\""), "there is no field \"cod\" in use"),
            (
                "left = \"r\"\ndirection = \"->\"\nrate_of = \"code\"".to_owned(),
                "its `type` has to be \"number\"",
            ),
            (
                "left = \"r\"\ntype = \"number\"\ndirection = \"<->\"\nrate_of = \"code\"".to_owned(),
                "its `direction` has to be -> or <-",
            ),
            (
                "left_value = 1\ntype = \"number\"\ndirection = \"->\"\nrate_of = \"code\"".to_owned(),
                "each have to be one column on the left",
            ),
        ] {
            let error = read(&field).unwrap_err();
            assert!(error.starts_with("M.toml, line ") && error.contains(problem), "{error}");
        }
    }
}
