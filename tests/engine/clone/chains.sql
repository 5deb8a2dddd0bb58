-- Which chain becomes which kind of copy, when, and why. Reads the tables "setting", "template" (number, business_key, slot) and "cause".

-- Stack traces are most of the data; lz4 packs them many times faster, where the server was built with it.
do $$ begin
    perform set_config('default_toast_compression', 'lz4', true);
exception when others then null;
end $$;

-- Numbers between 0 and 1 that look random and are the same in every run.
create function pg_temp.chance(bigint, bigint) returns float8 language sql immutable as
$$ select (hashint8extended($1, $2) & 4294967295)::float8 / 4294967296 $$;

-- Every process instance of every template.
create temp table member as
select e.proc_inst_id_ as instance, t.number as template
from act_ru_execution top
join template t on t.business_key = top.business_key_
join act_ru_execution e on e.root_proc_inst_id_ = top.id_ and e.parent_id_ is null
where top.super_exec_ is null and top.parent_id_ is null;

-- The cause of a bubbled incident comes some milliseconds before the incident in its caller: here always one, so that each level has its own.
create temp table level as
select i.id_ as incident,
       root.incident_timestamp_
         + case when i.id_ = root.id_ then interval '0'
                when e.super_exec_ is null then interval '2 ms'
                else interval '1 ms' end as at
from act_ru_incident i
join act_ru_incident root on root.id_ = i.root_cause_incident_id_
join act_ru_execution e on e.id_ = i.proc_inst_id_
join member m on m.instance = i.proc_inst_id_;
update act_ru_incident i set incident_timestamp_ = l.at from level l where l.incident = i.id_;
update act_hi_incident i set create_time_ = l.at from level l where l.incident = i.id_;

-- What a template says when it fails; its copies say something of their own.
create temp table original as
select m.template, j.id_ as job, j.exception_msg_ as message, i.incident_timestamp_ as at, j.exception_stack_id_ as stack
from act_ru_job j
join member m on m.instance = j.process_instance_id_
join act_ru_incident i on i.configuration_ = j.id_;

-- Where the engine keeps the stack traces of a template.
create temp table stack as
select stack as instance, template from original where stack is not null
union
select l.job_exception_stack_id_, m.template from act_hi_job_log l join member m on m.instance = l.process_instance_id_
where l.job_exception_stack_id_ is not null;

-- The first numbers are one burst: the same activity, the same cause, the same millisecond, three hours ago. The others spread over 48 hours.
create temp table chain as
with drawn as (
    select n, n <= s.burst as in_burst,
           case when n <= s.burst then 1 else 1 + floor(s.templates * pg_temp.chance(n, 1) ^ 2)::int end as template
    from setting s, generate_series(1, s.chains) n
), explained as (
    select d.*, o.at, o.message as old_message, c.wording
    from drawn d
    join template t on t.number = d.template
    join original o on o.template = d.template
    join (select slot, count(*) as causes from cause group by slot) has on has.slot = t.slot
    join cause c on c.slot = t.slot and c.place = case when d.in_burst then 0 else floor(has.causes * pg_temp.chance(d.n, 2) ^ 2) end
)
select n, template, old_message,
       lpad(to_hex(n), 12, '0') as suffix,
       'B-2026-' || lpad(n::text, 7, '0') as business_key,
       (select max(at) from original) - at
         - case when in_burst then interval '3 hours' else date_trunc('milliseconds', pg_temp.chance(n, 3) * interval '48 hours') end as shift,
       replace(replace(replace(replace(replace(wording,
           '{number}', (100000 + floor(900000 * pg_temp.chance(n, 4)))::int::text),
           '{octet}', (10 + floor(18 * pg_temp.chance(n, 5)))::int::text),
           '{uuid}', md5('u' || n)::uuid::text),
           '{hex}', left(md5('h' || n), 16)),
           '{key}', 'B-2026-' || lpad(n::text, 7, '0')) as message
from explained;
create index on chain (template);
analyze member; analyze stack; analyze chain;
