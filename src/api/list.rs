//! Lists of typed documents: a query put together step by step.

use std::marker::PhantomData;
use std::sync::Arc;

use erpnext_schema::document::Document;
use erpnext_schema::{DocTypeFields, Filter, Order, Rule, Violation};

use super::{Error, Site};
use crate::policy::{FieldRef, Operation, Permit};
use crate::shape::{FOR_READS, Masked};
use crate::site::ListQuery;

/// A list of documents of one DocType, not yet fetched: the first 20, latest change first, unless said otherwise.
#[derive(Debug)]
pub struct List<'a, D> {
    site: &'a Site,
    query: ListQuery,
    page: u64,
    orders: Vec<Order>,
    of: PhantomData<fn() -> D>,
}

impl<'a, D: Document> List<'a, D> {
    pub(super) fn new(site: &'a Site) -> Self {
        let query = ListQuery { limit: 20, ..ListQuery::default() };
        Self { site, query, page: 0, orders: Vec::new(), of: PhantomData }
    }

    /// Only documents for which this holds, besides what was asked before.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.query.filters.push(plain::<D>(filter));
        self
    }

    /// Only documents for which at least one of these holds.
    #[must_use]
    pub fn any_of(mut self, filters: impl IntoIterator<Item = Filter>) -> Self {
        self.query.or_filters.extend(filters.into_iter().map(plain::<D>));
        self
    }

    /// The fields to read besides the name; without this, every field that a list can give.
    #[must_use]
    pub fn fields<F: DocTypeFields>(mut self, fields: &[F]) -> Self {
        self.query.fields =
            std::iter::once("name").chain(fields.iter().map(|field| field.as_str())).map(str::to_owned).collect();
        self
    }

    /// Sorted by this, after what was said before; by name last, so that pages never overlap (H15).
    #[must_use]
    pub fn order_by(mut self, order: Order) -> Self {
        self.orders.push(order);
        self
    }

    /// How many documents make a page, 1 to 500.
    #[must_use]
    pub fn page_size(mut self, documents: u32) -> Self {
        self.query.limit = documents;
        self
    }

    /// Which page, beginning with 0.
    #[must_use]
    pub fn page(mut self, page: u64) -> Self {
        self.page = page;
        self
    }

    /// The page. Child tables are not part of lists: get a document to read its rows.
    ///
    /// # Errors
    /// The policy's or the site's refusal, or a page size that is none.
    pub async fn fetch(mut self) -> Result<Vec<D>, Error> {
        let permit = self.permit().await?;
        let masked = self.unmasked().await?;
        if self.query.fields.is_empty() {
            let def = self.site.table::<D>().await?;
            let fields = def.all_fields().filter(|field| field.in_lists() && permit.fields().may_read(*field));
            self.query.fields = fields.map(|field| field.fieldname.to_owned()).collect();
        }
        self.query.start = self.page.saturating_mul(u64::from(self.query.limit));
        self.query.order_by = order_by(&self.orders);
        let rows = self.site.bound().list(&permit, &self.query).await?.data;
        let shown = rows.into_iter().map(|mut row| {
            masked.take_out(D::DEF.any(), &mut row);
            self.site.typed(&permit, row)
        });
        Ok(shown.collect())
    }

    /// How many documents there are on all pages, as far as the user may see.
    ///
    /// # Errors
    /// The policy's or the site's refusal.
    pub async fn count(self) -> Result<u64, Error> {
        let permit = self.permit().await?;
        self.unmasked().await?;
        let (filters, or_filters) = (&self.query.filters, &self.query.or_filters);
        Ok(self.site.bound().count(&permit, filters, or_filters, None).await?)
    }

    /// What the site masks, if nothing is filtered or sorted by it (H84).
    async fn unmasked(&self) -> Result<Arc<Masked>, Error> {
        let masked = self.site.masked::<D>(FOR_READS).await?;
        refused(self.asked_by().filter(|name| masked.hides(D::DEF.name(), name)), "the site masks it for this user")?;
        Ok(masked)
    }

    /// The fields that are filtered and sorted by.
    fn asked_by(&self) -> impl Iterator<Item = &str> {
        let filters = self.query.filters.iter().chain(&self.query.or_filters).map(|filter| filter.field.as_str());
        filters.chain(self.orders.iter().map(|order| order.fieldname))
    }

    /// Leave to read, and to filter and sort by what was asked for: both would tell a withheld value (H5).
    async fn permit(&self) -> Result<Permit, Error> {
        let permit = self.site.permit::<D>(Operation::Read)?;
        // What the site added is judged by its own table, which the first call has to ask for.
        let def = self.site.table::<D>().await?;
        let is_unknown = |name: &str| self.site.ruled && def.field(name).is_none();
        let withheld = |name: &&str| is_unknown(name) || !permit.fields().may_read(FieldRef::find(Some(def), name));
        refused(self.asked_by().filter(withheld), "the policy does not permit reading it")?;
        Ok(permit)
    }
}

/// Refuses to filter or sort by these fields, if there are any.
fn refused<'a>(names: impl Iterator<Item = &'a str>, why: &str) -> Result<(), Error> {
    let violation = |name: &str| Violation::new(name, Rule::NotPermitted, why);
    let violations: Vec<Violation> = names.map(violation).collect();
    if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
}

fn plain<D: Document>(filter: Filter) -> crate::site::Filter {
    let plain = crate::site::Filter::new(filter.fieldname, filter.operator, filter.value);
    match D::DEF.any().field(filter.fieldname) {
        Some(field) => plain.of(field),
        None => plain,
    }
}

fn order_by(orders: &[Order]) -> Vec<Order> {
    let mut keys = if orders.is_empty() { vec![Order::desc("modified")] } else { orders.to_vec() };
    if !keys.iter().any(|order| order.fieldname == "name") {
        keys.push(Order::asc("name"));
    }
    keys
}
