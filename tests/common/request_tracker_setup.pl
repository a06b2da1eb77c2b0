# Puts into a fresh Request Tracker what docs/ticketing.md tells an operator to put there, and two
# agents. Takes the password of the desk's user, prints the tokens as JSON.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use JSON;
use RT -init;

# Methods of RT answer (done, message).
sub must {
    my ($done, $message) = @_;
    die "$message\n" unless $done;
    return $done;
}

my $system = RT->SystemUser;
my $queue  = RT::Queue->new($system);
must $queue->Create( Name => 'Privacy', Description => 'Requests of the privacy desk' );

my @fields;
for my $name ( 'Privacy desk key', 'Request number' ) {
    my $field = RT::CustomField->new($system);
    must $field->Create(
        Name       => $name,
        Type       => 'FreeformSingle',
        LookupType => RT::Ticket->CustomFieldLookupType,
    );
    must $field->AddToObject($queue);
    push @fields, $field;
}

my @desk  = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket CommentOnTicket ModifyTicket
               ReassignTicket);
my @agent = (@desk, qw(ReplyToTicket OwnTicket TakeTicket StealTicket));
my %rights = ( desk => \@desk, zhou => \@agent, lin => \@agent );

my %tokens;
for my $name ( sort keys %rights ) {
    my $user = RT::User->new($system);
    must $user->Create(
        Name         => $name,
        EmailAddress => "$name\@tickets.test",
        Privileged   => 1,
    );
    for my $right ( @{ $rights{$name} } ) {
        must $user->PrincipalObj->GrantRight( Right => $right, Object => $queue );
    }
    for my $field (@fields) {
        for my $right (qw(SeeCustomField ModifyCustomField SetInitialCustomField)) {
            must $user->PrincipalObj->GrantRight( Right => $right, Object => $field );
        }
    }
    must $user->SetPassword( $ARGV[0] ) if $name eq 'desk';
    $tokens{$name} = token_of($user);
}
my $root = RT::User->new($system);
$root->Load('root');
$tokens{root} = token_of($root);
print encode_json( \%tokens ), "\n";

sub token_of {
    my $user  = shift;
    my $token = RT::AuthToken->new($system);
    my ( $made, $message, $text ) = $token->Create( Owner => $user->Id, Description => 'tests' );
    must $made, $message;
    return $text;
}
