-- What a resource does with the invitations of a group's members, where that is not what it does with
-- others'; of several groups the first counts (domain::directory::resource).
CREATE TABLE resource_rule (
    resource_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    mode BIGINT NOT NULL,
    PRIMARY KEY (resource_id, position)
);
CREATE INDEX resource_rule_group ON resource_rule (group_id);
