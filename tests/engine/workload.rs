//! Traffic bounded in time and rate.

use std::time::Duration;

use super::driver::Driver;

#[derive(Debug, Clone)]
pub struct WorkloadParams {
    pub duration: Duration,
}
impl Default for WorkloadParams {
    fn default() -> Self {
        Self { duration: Duration::from_secs(1800) }
    }
}
pub struct Workload {
    driver: Driver,
    params: WorkloadParams,
}
impl Workload {
    pub fn new(driver: Driver, params: WorkloadParams) -> Self {
        Self { driver, params }
    }
    pub async fn run(self, _report: impl Fn(&str)) {}
}
