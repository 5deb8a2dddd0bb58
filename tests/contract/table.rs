//! All contract tests, one line each. Their order is the order of the report; those that need the engine for themselves stand last.

use anyhow::Result;
use futures_util::future::LocalBoxFuture;

use super::bench::Bench;
use super::{
    actions, cancels, changes, definitions, external, faulty, filters, history, incidents, instances, jobs, lives, login, logs, outcomes, permissions, picture,
    plans, printed, rights, suspensions, trees,
};

/// Which engine a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Everybody may do everything.
    Plain,
    /// Authorizations are checked, and large answers are compressed.
    Guarded,
}

impl On {
    pub const EVERYWHERE: [Self; 2] = [Self::Plain, Self::Guarded];
}

/// What other tests may do to the engine meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// Anything: the test looks at what is its own.
    Any,
    /// Nothing: the test looks at the engine as a whole.
    None,
}

/// One contract test.
pub struct Test {
    pub name: &'static str,
    pub on: On,
    pub company: Company,
    pub run: fn(Bench) -> LocalBoxFuture<'static, Result<()>>,
}

macro_rules! tests {
    ($on:ident, $company:ident: $($module:ident::$name:ident),* $(,)?) => {
        [$(Test { name: stringify!($name), on: On::$on, company: Company::$company, run: |bench| Box::pin($module::$name(bench)) }),*]
    };
}

const SHARED: &[Test] = &tests![Plain, Any:
    incidents::bubbled_incidents_name_their_root_and_carry_nothing_else,
    incidents::an_incident_leaves_with_its_blocked_parents,
    incidents::a_retry_resolves_the_incident_and_a_new_failure_makes_a_new_one,
    incidents::retries_of_a_job_definition_leave_the_incident_open,
    incidents::a_suspended_job_loses_its_incident_on_a_retry_though_nothing_runs,
    incidents::an_incident_message_is_cut_at_666_characters,
    incidents::incidents_carry_their_tenant,
    incidents::an_incident_of_a_type_of_its_own_is_a_root_without_a_job,
    incidents::an_annotation_is_read_and_changes_no_time,
    incidents::dates_need_milliseconds_and_an_offset_in_digits,
    incidents::the_engines_clock_comes_with_every_answer,
    jobs::executable_counts_suspended_jobs_too,
    jobs::a_job_that_will_be_tried_again_is_retrying,
    jobs::a_failing_execution_by_hand_answers_404_and_the_job_stays,
    jobs::two_of_the_ids_together_are_invalid_sql,
    jobs::jobs_are_read_by_their_ids_and_missing_ones_are_left_out,
    jobs::a_failed_job_tells_everything_about_itself,
    jobs::what_is_gone_is_none_and_not_an_error,
    jobs::a_stack_trace_of_200_kilobytes_is_read_whole,
    jobs::a_stack_trace_without_end_is_cut_and_says_so,
    jobs::the_job_log_tells_what_happened_and_where,
    jobs::a_cancelled_job_leaves_a_deletion_and_no_success,
    jobs::a_job_an_executor_holds_is_acquired_where_the_engine_can_tell,
    jobs::unknown_filters_are_ignored_without_a_word,
    jobs::a_job_definition_counts_its_jobs,
    external::a_failed_external_task_opens_an_incident_with_its_details,
    external::a_retried_external_task_loses_its_incident,
    external::an_external_task_that_never_failed_has_no_details_and_no_count_of_retries,
    external::hostile_text_arrives_whole_and_is_shown_harmless,
    external::external_tasks_are_read_by_their_ids_and_missing_ones_are_left_out,
    external::a_task_waiting_for_its_next_attempt_counts_as_locked,
    external::an_expired_lock_ends_before_now,
    history::an_open_incident_stands_in_the_history_with_its_key_and_root_instance,
    history::a_repaired_incident_is_resolved_and_a_cancelled_one_deleted,
    history::windows_of_creation_and_end_are_exact,
    definitions::statistics_count_roots_alone,
    definitions::a_diagram_comes_as_deployed_and_gives_its_names,
    definitions::every_version_is_listed_with_its_name_and_number,
    definitions::a_definition_came_with_a_deployment_that_tells_when,
    definitions::a_suspended_job_definition_says_so,
    definitions::instances_are_read_by_their_ids_and_ended_ones_are_left_out,
    instances::a_called_instance_waits_and_its_caller_runs_the_call,
    instances::equal_places_of_an_instance_are_one_with_a_count,
    instances::an_activity_finds_instances_that_run_it_and_those_that_wait_at_it,
    instances::the_root_filter_holds_the_root_itself_where_the_engine_knows_it,
    instances::a_business_key_matches_exactly_or_by_its_pattern,
    instances::the_jobs_and_external_tasks_of_an_instance_are_listed,
    instances::a_user_task_tells_everything_about_itself,
    instances::values_of_every_type_are_read_but_bytes_and_files,
    instances::a_local_variable_names_its_scope_and_an_object_its_class,
    instances::a_page_of_large_values_is_given_up_and_a_smaller_one_is_read,
    login::one_wrong_login_is_sent_once_and_never_again,
    login::wrong_logins_lock_the_right_password_out_longer_each_time,
    login::a_refused_login_has_no_body_and_no_login_is_told_apart,
    login::the_list_of_engines_needs_no_login,
    login::an_engine_answers_by_its_name_too,
    login::a_name_no_engine_has_is_explained,
    login::a_servers_own_error_page_is_no_engine,
    login::an_address_below_the_rest_api_is_no_engine,
    login::version_and_product_are_told_apart,
    login::telemetry_counts_jobs_as_they_run,
    login::the_client_offers_compression_and_uses_its_connections_again,
    login::an_id_stays_one_segment_of_the_path_whatever_is_in_it,
    filters::incidents_are_filtered_by_each_parameter,
    filters::jobs_are_filtered_by_each_mark,
    filters::jobs_are_filtered_by_each_owner_and_time,
    filters::lists_by_ids_give_those_ids,
    filters::external_tasks_are_filtered_by_each_parameter,
    filters::process_instances_are_filtered_by_each_parameter,
    filters::process_instances_are_filtered_by_who_calls_whom,
    filters::what_an_instance_holds_is_filtered_by_its_instance,
    filters::definitions_are_filtered_by_each_parameter,
    filters::deployments_are_paged_in_order_of_time,
    filters::statistics_hold_what_was_asked_for,
    filters::the_history_of_incidents_is_filtered_by_each_parameter,
    filters::the_job_log_is_filtered_by_each_parameter,
    filters::the_history_of_incidents_is_filtered_by_each_part_of_a_group,
    filters::the_history_of_instances_is_filtered_by_each_bound_and_both_are_inclusive,
    filters::operations_of_users_are_filtered_by_their_instance,
    history::the_bounds_of_creation_and_end_exclude_the_moment_itself,
    history::who_retried_a_job_is_told_with_the_reason,
    history::a_deployment_says_when_it_was_made_and_an_unknown_one_is_none,
    history::the_first_sighting_of_a_group_outlives_a_retry,
    lives::the_history_of_instances_is_filtered_by_each_parameter,
    lives::an_instance_is_known_to_the_history_through_all_its_states,
    lives::what_an_interrupted_call_had_called_ended_from_within,
    lives::a_tree_of_calls_is_told_by_its_root_where_the_engine_can_tell,
    lives::visits_to_activities_are_filtered_by_each_parameter_and_name_what_was_called,
    lives::changes_of_variables_are_filtered_by_each_parameter,
    lives::changes_of_variables_are_read_without_their_values,
    lives::the_trace_of_an_earlier_failure_outlives_the_job,
    lives::a_pattern_finds_a_message_with_signs_in_it,
    trees::a_tree_leads_from_any_level_to_the_cause_in_two_rounds_more_than_it_has_levels,
    trees::a_thousand_called_instances_fold_with_exact_counts_and_failing_ones_first,
    trees::a_called_instance_may_run_in_another_version_and_tenant,
    trees::a_tree_tells_what_ended_and_what_was_deleted_while_it_was_looked_at,
    trees::called_instances_that_completed_are_shown_on_demand,
    trees::a_tree_is_found_by_instance_incident_and_business_key_running_or_ended,
    logs::the_job_log_is_filtered_by_what_happened_and_to_which_kind,
    logs::the_job_log_of_many_jobs_is_read_by_their_executions_newest_first,
    logs::the_log_of_external_tasks_is_filtered_by_each_parameter,
    logs::the_log_of_operations_is_filtered_by_each_parameter,
    logs::a_variable_is_found_by_its_name_and_its_execution,
    changes::a_retry_gives_attempts_resolves_the_incident_and_leaves_one_entry,
    changes::a_retry_keeps_a_due_date_that_lies_ahead_unless_it_is_told,
    changes::a_job_is_postponed_and_run_at_once_by_its_due_date,
    changes::a_job_has_another_priority_and_can_be_suspended_alone,
    changes::attempts_of_an_external_task_resolve_its_incident_and_an_unlocked_one_has_no_worker,
    changes::a_variable_is_written_in_its_instance_or_in_one_execution,
    changes::a_note_is_written_and_cleared_and_a_reason_stands_on_every_row_of_an_operation,
    changes::of_an_unknown_id_some_changes_are_accepted_all_the_same,
    changes::changes_that_cross_each_other_are_each_made_or_refused_and_the_log_agrees,
    suspensions::a_job_definition_is_suspended_with_its_jobs_or_without,
    suspensions::a_timed_suspension_is_a_timer_and_comes_when_it_is_due,
    suspensions::a_timed_suspension_whose_timer_is_deleted_never_comes,
    suspensions::a_timed_resumption_is_a_timer_of_its_own_kind,
    suspensions::a_process_definition_is_suspended_with_its_instances_or_without_and_nobody_starts_one,
    suspensions::a_timed_suspension_of_a_process_definition_comes_when_it_is_due,
    suspensions::an_instance_that_is_resumed_wakes_its_job_though_the_job_definition_is_suspended,
    suspensions::a_suspended_caller_leaves_what_it_called_running_and_is_not_resumed_by_it,
    suspensions::a_job_definition_that_is_resumed_wakes_jobs_of_suspended_instances_and_they_fail,
    suspensions::a_priority_of_a_job_definition_holds_for_existing_jobs_whether_or_not_they_were_meant,
    suspensions::a_suspended_definition_leaves_external_tasks_to_their_workers,
    suspensions::a_job_definition_suspended_under_running_work_makes_it_fail_and_run_again,
    cancels::cancelling_any_level_ends_the_whole_chain,
    cancels::a_caller_with_another_branch_outlives_what_it_called,
    cancels::listeners_run_when_an_instance_is_cancelled_unless_they_are_left_out,
    cancels::a_batch_cancels_with_a_reason_that_goes_down_the_calls_and_up,
    cancels::a_batch_that_cancels_treats_what_is_gone_as_done,
    cancels::attempts_for_many_are_given_in_a_batch_that_tells_nothing_of_the_jobs,
    cancels::a_batch_with_an_unknown_job_does_the_others_and_fails_for_that_one,
    faulty::no_fault_on_the_way_makes_a_change_lie_or_be_made_twice,
    plans::a_plan_to_retry_is_of_what_is_failed_still_and_makes_each_fail_anew,
    plans::a_plan_to_retry_leaves_out_what_has_attempts_and_refuses_what_does_not_belong_together,
    plans::a_plan_to_retry_a_suspended_job_says_that_nothing_will_run,
    plans::a_plan_to_retry_an_external_task_gives_it_attempts,
    plans::a_plan_from_a_caller_retries_the_cause_below_it,
    plans::a_plan_to_cancel_a_child_counts_the_callers_that_end_with_it,
    plans::a_plan_to_cancel_one_of_several_offers_it_alone_and_all_of_them,
    plans::a_plan_to_suspend_job_definitions_counts_jobs_and_tells_of_tasks,
    plans::a_plan_to_resume_an_instance_never_lets_the_job_of_a_suspended_definition_run,
    plans::a_plan_to_resume_a_job_definition_leaves_the_jobs_of_suspended_instances_alone,
    plans::a_plan_to_thaw_resumes_just_what_the_freeze_suspended_and_nobody_touched_since,
    plans::what_is_to_be_suspended_later_is_listed_with_its_target_and_called_off_by_a_plan,
    plans::a_plan_to_suspend_a_process_counts_its_instances_and_stops_new_starts,
    plans::plans_for_one_thing_tell_what_it_was_and_can_be_taken_back,
    plans::taking_a_suspension_of_instances_back_leaves_those_that_were_suspended_since,
    plans::user_tasks_are_counted_by_their_process,
    actions::a_retry_that_succeeds_one_that_fails_again_and_one_that_waits_are_told_apart,
    actions::a_retry_that_waits_for_its_job_definition_says_so,
    actions::a_retry_that_moves_on_and_fails_further_on_is_no_success,
    actions::a_job_that_somebody_cancels_meanwhile_is_no_success,
    actions::a_retried_external_task_waits_for_a_worker_and_succeeds_when_one_completes_it,
    actions::of_a_thousand_retried_three_bad_ones_are_found,
    actions::a_canary_that_fails_keeps_all_others_from_being_sent,
    actions::cancelling_from_the_middle_of_three_levels_ends_the_tree_with_a_reason,
    actions::job_definitions_of_four_processes_are_suspended_and_read_back,
    actions::what_was_frozen_is_thawed_by_another_run_and_nothing_else,
    actions::an_instance_resumed_under_a_suspended_job_definition_never_runs_its_job,
    actions::a_variable_a_note_and_a_due_date_are_written_and_read_back,
    outcomes::no_fault_on_the_way_makes_an_outcome_lie,
    outcomes::a_variable_is_written_and_read_back_whatever_comes_back,
    picture::pausing_stops_every_request,
    picture::an_engine_that_goes_away_is_found_again,
    picture::a_refused_login_is_tried_once_and_a_right_one_goes_on,
    picture::what_somebody_looks_at_is_read_and_described,
    printed::a_snapshot_with_a_wrong_login_asks_once_and_says_so,
    printed::a_snapshot_of_no_engine_fails_in_words,
    printed::a_doctor_finds_a_healthy_engine_healthy,
];

const GUARDED: &[Test] = &tests![Guarded, Any:
    permissions::a_stranger_gets_zero_and_empty_lists_instead_of_an_error,
    permissions::one_thing_that_may_not_be_seen_names_what_is_missing,
    permissions::what_may_not_be_seen_looks_gone_where_the_engine_reads_it_by_a_query,
    permissions::what_an_instance_holds_is_kept_from_a_stranger,
    permissions::telemetry_names_the_permission_it_needs,
    permissions::a_client_without_telemetry_still_knows_the_version,
    permissions::a_reader_sees_everything_and_may_not_retry,
    permissions::without_the_right_to_history_it_looks_empty,
    permissions::without_the_right_to_history_a_life_looks_gone_and_a_trace_is_denied,
    permissions::rights_are_told_before_they_are_needed,
    plans::a_plan_tells_a_reader_beforehand_that_the_engine_will_refuse,
    permissions::a_compressed_answer_is_read_like_any_other,
    permissions::a_doctor_tells_a_stranger_what_is_kept_from_him,
    permissions::every_part_of_a_right_decides,
    rights::a_suspension_that_takes_jobs_or_instances_along_needs_a_right_on_those_too,
    rights::the_right_to_retry_is_enough_for_a_retry_but_not_for_a_due_date,
    rights::whoever_may_make_a_batch_needs_no_right_on_what_it_changes,
    rights::the_timer_of_a_timed_suspension_is_guarded_by_no_right,
    permissions::a_reader_is_refused_every_change_and_told_the_rights_of_its_row,
];

const ALONE: &[Test] = &tests![Plain, None:
    picture::every_figure_is_what_the_engine_counts_itself,
    picture::groups_add_up_to_the_figures,
    picture::a_new_incident_appears_without_reading_all_of_them_again,
    picture::the_requests_of_a_poller_are_bounded_and_counted_honestly,
    picture::job_rates_follow_the_engines_counters,
    printed::a_snapshot_holds_the_promised_fields_and_the_engines_counts,
];

/// Every test, in the order of the report.
pub fn tests() -> impl Iterator<Item = &'static Test> {
    [SHARED, GUARDED, ALONE].into_iter().flatten()
}
