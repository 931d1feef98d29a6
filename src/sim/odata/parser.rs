//! Reads the text of a `$filter`.

use uuid::Uuid;

use super::filter::{Dialect, Expression, FilterError, Function, Operand, Operator};
use super::lexer::{Token, tokens};
use super::moment;

/// What query functions begin with.
const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

/// Parses a filter.
pub(crate) fn parse(filter: &str) -> Result<Expression, FilterError> {
    parse_in(filter, Dialect::BusinessCentral)
}

/// Parses a filter that may hold query functions and conditions on collections.
pub(crate) fn parse_for_dataverse(filter: &str) -> Result<Expression, FilterError> {
    parse_in(filter, Dialect::Dataverse)
}

fn parse_in(filter: &str, dialect: Dialect) -> Result<Expression, FilterError> {
    let tokens = tokens(filter).ok_or(FilterError::Syntax)?;
    let mut parser = Parser { tokens: &tokens, dialect };
    let expression = parser.disjunction()?;
    if parser.tokens.is_empty() { Ok(expression) } else { Err(FilterError::Syntax) }
}

struct Parser<'a> {
    tokens: &'a [Token],
    dialect: Dialect,
}

impl Parser<'_> {
    fn next(&mut self) -> Result<Token, FilterError> {
        let (first, rest) = self.tokens.split_first().ok_or(FilterError::Syntax)?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn expect(&mut self, token: &Token) -> Result<(), FilterError> {
        if self.next()? == *token { Ok(()) } else { Err(FilterError::Syntax) }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Word(next)) if next == word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn disjunction(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.conjunction()?;
        while self.take_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.negation()?;
        while self.take_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, FilterError> {
        if self.take_word("not") {
            return Ok(Expression::Not(Box::new(self.negation()?)));
        }
        if self.tokens.first() == Some(&Token::Open) {
            self.next()?;
            let inner = self.disjunction()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Expression, FilterError> {
        if let [Token::Word(name), Token::Open, ..] = self.tokens {
            let function = match name.as_str() {
                "contains" => Some(Function::Contains),
                "startswith" => Some(Function::StartsWith),
                "endswith" => Some(Function::EndsWith),
                name if name.starts_with(NAMESPACE) => return self.call(),
                name if self.dialect == Dialect::Dataverse
                    && (name.ends_with("/any") || name.ends_with("/all")) =>
                {
                    return self.lambda();
                }
                name if name.ends_with("/any") || name.ends_with("/all") => {
                    return Err(FilterError::Lambda);
                }
                _ => None,
            };
            if let Some(function) = function {
                return self.search(function);
            }
        }
        let left = self.operand()?;
        let operator = match self.tokens.first() {
            Some(Token::Word(word)) => match word.as_str() {
                "eq" => Operator::Equal,
                "ne" => Operator::NotEqual,
                "gt" => Operator::Greater,
                "ge" => Operator::GreaterOrEqual,
                "lt" => Operator::Less,
                "le" => Operator::LessOrEqual,
                "in" => return Err(FilterError::In),
                "and" | "or" => return Ok(Expression::Holds(left)),
                _ => return Err(FilterError::Syntax),
            },
            _ => return Ok(Expression::Holds(left)),
        };
        self.next()?;
        Ok(Expression::Compare { left, operator, right: self.operand()? })
    }

    fn search(&mut self, function: Function) -> Result<Expression, FilterError> {
        self.next()?;
        self.expect(&Token::Open)?;
        let subject = self.operand()?;
        self.expect(&Token::Comma)?;
        let text = self.operand()?;
        self.expect(&Token::Close)?;
        Ok(Expression::Search { function, subject, text })
    }

    /// `Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=["a","b"])` and its like.
    fn call(&mut self) -> Result<Expression, FilterError> {
        let Token::Word(name) = self.next()? else { return Err(FilterError::Syntax) };
        let function = name.trim_start_matches(NAMESPACE).to_owned();
        self.expect(&Token::Open)?;
        let (mut property, mut values) = (String::new(), Vec::new());
        while self.tokens.first() != Some(&Token::Close) {
            let Token::Word(word) = self.next()? else { return Err(FilterError::Syntax) };
            let (argument, literal) = word.split_once('=').ok_or(FilterError::Syntax)?;
            let sent = if literal.is_empty() { self.argument()? } else { vec![literal_or_property(literal)] };
            match (argument, sent.as_slice()) {
                ("PropertyName", [Operand::Text(name) | Operand::Property(name)]) => {
                    property.clone_from(name);
                }
                ("PropertyName", _) => return Err(FilterError::Syntax),
                _ => values.extend(sent),
            }
            if self.tokens.first() == Some(&Token::Comma) {
                self.next()?;
            }
        }
        self.expect(&Token::Close)?;
        match function.as_str() {
            "" => Err(FilterError::Syntax),
            "In" => Ok(Expression::OneOf { property: Operand::Property(property), values }),
            _ => Ok(Expression::Call { function, property, values }),
        }
    }

    /// One literal, or a list of them.
    fn argument(&mut self) -> Result<Vec<Operand>, FilterError> {
        match self.next()? {
            Token::Text(text) => Ok(vec![Operand::Text(text)]),
            Token::OpenList => {
                let mut values = Vec::new();
                loop {
                    match self.next()? {
                        Token::CloseList => return Ok(values),
                        Token::Comma => {}
                        Token::Text(text) => values.push(Operand::Text(text)),
                        Token::Word(word) => values.push(literal_or_property(&word)),
                        Token::Open | Token::Close | Token::OpenList => return Err(FilterError::Syntax),
                    }
                }
            }
            _ => Err(FilterError::Syntax),
        }
    }

    /// `collection/any(x:x/name eq 'a')`.
    fn lambda(&mut self) -> Result<Expression, FilterError> {
        let Token::Word(name) = self.next()? else { return Err(FilterError::Syntax) };
        let (collection, kind) = name.rsplit_once('/').ok_or(FilterError::Syntax)?;
        let (collection, all) = (collection.to_owned(), kind == "all");
        self.expect(&Token::Open)?;
        if self.tokens.first() == Some(&Token::Close) {
            self.next()?;
            let (variable, condition) = (String::new(), None);
            return if all {
                Err(FilterError::Syntax)
            } else {
                Ok(Expression::Lambda { collection, all, variable, condition })
            };
        }
        let Some(Token::Word(word)) = self.tokens.first() else { return Err(FilterError::Syntax) };
        let (variable, rest) = word.split_once(':').ok_or(FilterError::Syntax)?;
        let (variable, rest) = (variable.to_owned(), rest.to_owned());
        let mut inner: Vec<Token> = self.tokens[1..].to_vec();
        if !rest.is_empty() {
            inner.insert(0, Token::Word(rest));
        }
        let mut parser = Parser { tokens: &inner, dialect: self.dialect };
        let condition = parser.disjunction()?;
        parser.expect(&Token::Close)?;
        self.tokens = &self.tokens[self.tokens.len() - parser.tokens.len()..];
        Ok(Expression::Lambda { collection, all, variable, condition: Some(Box::new(condition)) })
    }

    fn operand(&mut self) -> Result<Operand, FilterError> {
        match self.next()? {
            Token::Text(text) => Ok(Operand::Text(text)),
            // Case never counts here, so these two change nothing.
            Token::Word(word) if matches!(word.as_str(), "tolower" | "toupper") => {
                self.expect(&Token::Open)?;
                let inner = self.operand()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            // A qualified enum literal: Namespace.Type'Member'.
            Token::Word(word)
                if word.contains('.') && matches!(self.tokens.first(), Some(Token::Text(_))) =>
            {
                self.operand()
            }
            Token::Word(word) => Ok(literal_or_property(&word)),
            Token::Open | Token::Close | Token::Comma | Token::OpenList | Token::CloseList => {
                Err(FilterError::Syntax)
            }
        }
    }
}

fn literal_or_property(word: &str) -> Operand {
    match word {
        "null" => return Operand::Null,
        "true" => return Operand::Boolean(true),
        "false" => return Operand::Boolean(false),
        _ => {}
    }
    if let Some(guid) = Some(word).filter(|word| word.len() == 36).and_then(|word| Uuid::parse_str(word).ok())
    {
        return Operand::Guid(guid);
    }
    if !word.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return Operand::Property(word.to_owned());
    }
    let number = word.parse().map(Operand::Number).ok();
    let moment = moment::parse(word).map(Operand::Moment);
    number.or(moment).unwrap_or_else(|| Operand::Property(word.to_owned()))
}
