-- Copies every row of every template's instances once for each of its chains, then removes the templates.
--
-- Engine versions differ in their columns, so the statements are made from the catalog: ids of rows get the chain's number in their last 12 digits,
-- times move, keys and messages are the chain's own, and everything else (definitions, job definitions, tenants, names) stays.

create function pg_temp.copied(name text, type text) returns text language sql as $$
    select case
        when name in ('id_', 'execution_id_', 'proc_inst_id_', 'process_instance_id_', 'root_proc_inst_id_', 'parent_id_', 'super_exec_',
                      'parent_act_inst_id_', 'act_inst_id_', 'call_proc_inst_id_', 'super_process_instance_id_', 'cause_incident_id_',
                      'root_cause_incident_id_', 'configuration_', 'exception_stack_id_', 'job_exception_stack_id_', 'job_id_',
                      'last_failure_log_id_', 'history_configuration_', 'var_inst_id_', 'var_scope_', 'failed_activity_instance_id_')
            then format('left(r.%1$I, -12) || c.suffix', name)
        when name = 'business_key_' then 'c.business_key'
        when name in ('incident_msg_', 'exception_msg_', 'job_exception_msg_') then format('case when r.%1$I is null then null else c.message end', name)
        when name = 'bytes_' then $text$convert_to(
            case when c.message is null
                 then 'java.lang.NullPointerException' || substr(convert_from(r.bytes_, 'UTF8'),
                      position(c.old_message in convert_from(r.bytes_, 'UTF8')) + length(c.old_message))
                 else replace(convert_from(r.bytes_, 'UTF8'), c.old_message, c.message) end, 'UTF8')$text$
        when type like 'timestamp%' then format('r.%1$I + c.shift', name)
        else format('r.%1$I', name)
    end
$$;

-- "owners" says which template a row belongs to, by the column "owner" of the row.
create function pg_temp.copy_rows(target text, owner text, owners text) returns void language plpgsql as $$
declare
    names text;
    expressions text;
begin
    select string_agg(quote_ident(column_name), ', ' order by ordinal_position),
           string_agg(pg_temp.copied(column_name, data_type), ', ' order by ordinal_position)
    into names, expressions
    from information_schema.columns where table_schema = current_schema() and table_name = target;
    execute format('insert into %1$I (%2$s) select %3$s from %1$I r join %5$I m on m.instance = r.%4$I join chain c on c.template = m.template order by c.template, c.n',
                   target, names, expressions, owner, owners);
    execute format('delete from %1$I r using %3$I m where m.instance = r.%2$I', target, owner, owners);
end
$$;

select pg_temp.copy_rows('act_ru_execution', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_ru_variable', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_ru_job', 'process_instance_id_', 'member');
select pg_temp.copy_rows('act_ru_incident', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_hi_procinst', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_hi_actinst', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_hi_varinst', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_hi_detail', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_hi_incident', 'proc_inst_id_', 'member');
select pg_temp.copy_rows('act_hi_job_log', 'process_instance_id_', 'member');
select pg_temp.copy_rows('act_ge_bytearray', 'id_', 'stack');
