# Puts into a fresh Redmine what docs/ticketing.md tells an operator to put there, and two agents.
# Loaded by redmine_server.rb with the password of the desk's user; writes ids and API keys as JSON.
ActiveRecord::Schema.verbose = false
ActiveRecord::Migration.verbose = false
ActiveRecord::Tasks::DatabaseTasks.migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)
Redmine::DefaultData::Loader.load('en')
Setting.rest_api_enabled = '1'
Setting.default_language = 'en'

field = IssueCustomField.create!(
  name: 'Request number', field_format: 'string', is_for_all: false, visible: true,
  trackers: Tracker.all
)
project = Project.create!(
  name: 'Privacy', identifier: 'privacy', is_public: false,
  enabled_module_names: ['issue_tracking'], trackers: Tracker.sorted.to_a, issue_custom_fields: [field]
)

def role_with(name, permissions, assignable:)
  role = Role.create!(name: name, permissions: permissions, assignable: assignable, issues_visibility: 'all')
  # As "Copy workflow" does: all that a manager may do in each tracker.
  WorkflowRule.copy(nil, Role.givable.first, Tracker.all.to_a, [role])
  role
end

desk = role_with(
  'Privacy desk',
  %i[view_issues add_issues edit_issues add_issue_notes view_private_notes set_notes_private
     manage_issue_relations],
  assignable: false
)
agents = role_with(
  'Privacy agents',
  %i[view_issues edit_issues add_issue_notes view_private_notes set_notes_private delete_issues
     edit_own_issue_notes],
  assignable: true
)
people = { 'desk' => desk, 'zhou' => agents, 'lin' => agents, 'stranger' => nil }.to_h do |login, role|
  user = User.new(firstname: login.capitalize, lastname: 'Test', mail: "#{login}@tickets.test", language: 'zh')
  user.login = login
  user.password = user.password_confirmation = ARGV[0]
  user.mail_notification = 'none'
  user.save!
  # Not UTC: times that are read in a user's zone by mistake show.
  user.pref.update!(time_zone: 'Asia/Shanghai')
  Member.create!(project: project, principal: user, roles: [role]) if role
  [login, { id: user.id, key: user.api_key }]
end
$prepared.puts({ users: people, project: project.id }.to_json)
