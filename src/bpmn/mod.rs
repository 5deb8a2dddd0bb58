//! Reading process diagrams: names of activities by id. Knows no terminal.
