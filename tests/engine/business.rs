//! Made-up business data: keys, customers, outages.
