# One Redmine that is loaded once and forks what the tests start, so that a start takes no seconds.
# Reads commands as JSON lines: {"prepare": password} makes the database, {"database":, "port":}
# serves one, {"kill": pid} ends a server at once. Answers each with a line of JSON.
Dir.chdir '/usr/share/redmine'
require '/usr/share/redmine/config/environment'
require 'puma'
require 'json'

def serve(database, port)
  config = ActiveRecord::Base.connection_db_config.configuration_hash
  ActiveRecord::Base.establish_connection(config.merge(database: database))
  Setting.clear_cache
  server = Puma::Server.new(Rails.application, nil, min_threads: 1, max_threads: 3)
  server.add_tcp_listener('127.0.0.1', port)
  server.run.join
end

STDOUT.sync = true
out = STDOUT.dup
STDOUT.reopen(STDERR)
ActiveRecord::Base.connection_handler.clear_all_connections!
while (line = STDIN.gets)
  wanted = JSON.parse(line)
  if wanted['prepare']
    reader, writer = IO.pipe
    pid = fork do
      ARGV.replace([wanted['prepare']])
      $prepared = writer
      load File.expand_path('redmine_setup.rb', __dir__)
    end
    writer.close
    out.puts reader.read
    Process.wait(pid)
  elsif wanted['kill']
    Process.kill(:KILL, wanted['kill'])
    Process.wait(wanted['kill'])
    out.puts({ killed: wanted['kill'] }.to_json)
  else
    pid = fork { STDIN.close; out.close; serve(wanted['database'], wanted['port']) }
    out.puts({ pid: pid }.to_json)
  end
end
