"""The objects that every workspace has, as a table (contracts/twenty/openapi-core: names and types of a fresh one).

A block is an object: singular, plural, labels. Below it stand its fields, ``name TYPE``, with ``=default``, ``unique``,
``(choices)``; then its relations: ``company > company.people`` keeps the record when the company is destroyed,
``targetPerson >> person.noteTargets`` goes with it. The fields that all objects share are not repeated.
"""

from __future__ import annotations

STANDARD = """
attachment attachments / Attachment / Attachments
    name TEXT, file FILES, fullPath TEXT,
    fileCategory SELECT(ARCHIVE|AUDIO|IMAGE|PRESENTATION|SPREADSHEET|TEXT_DOCUMENT|VIDEO|OTHER)=OTHER
    targetTask >> task.attachments, targetNote >> note.attachments, targetPerson >> person.attachments,
    targetCompany >> company.attachments, targetOpportunity >> opportunity.attachments,
    targetDashboard >> dashboard.attachments, targetWorkflow >> workflow.attachments
blocklist blocklists / Blocklist / Blocklists
    handle TEXT
    workspaceMember >> workspaceMember.blocklist
calendarChannelEventAssociation calendarChannelEventAssociations / Calendar Channel Event Association / \
Calendar Channel Event Associations
    eventExternalId TEXT, recurringEventExternalId TEXT, calendarChannelId UUID
    calendarEvent >> calendarEvent.calendarChannelEventAssociations
calendarEventParticipant calendarEventParticipants / Calendar event participant / Calendar event participants
    handle TEXT, displayName TEXT, isOrganizer BOOLEAN=false,
    responseStatus SELECT(NEEDS_ACTION|DECLINED|TENTATIVE|ACCEPTED)=NEEDS_ACTION
    calendarEvent >> calendarEvent.calendarEventParticipants, person > person.calendarEventParticipants,
    workspaceMember > workspaceMember.calendarEventParticipants
calendarEvent calendarEvents / Calendar event / Calendar events
    title TEXT, isCanceled BOOLEAN=false, isFullDay BOOLEAN=false, startsAt DATE_TIME, endsAt DATE_TIME,
    externalCreatedAt DATE_TIME, externalUpdatedAt DATE_TIME, description TEXT, location TEXT, iCalUid TEXT,
    conferenceSolution TEXT, conferenceLink LINKS
callRecording callRecordings / Call Recording / Call Recordings
    title TEXT, status SELECT(SCHEDULED|JOINING|RECORDING|PROCESSING|COMPLETED|FAILED)=SCHEDULED,
    recordingRequestStatus SELECT(REQUESTED|CANCELED), applicationId UUID, externalBotId TEXT, externalRecordingId TEXT,
    startedAt DATE_TIME, endedAt DATE_TIME, video FILES, audio FILES, transcript RAW_JSON, summary RICH_TEXT
    calendarEvent > calendarEvent.callRecordings
company companies / Company / Companies
    name TEXT, domainName LINKS unique, address ADDRESS, linkedinLink LINKS, annualRevenue CURRENCY
    accountOwner > workspaceMember.accountOwnerForCompanies
dashboard dashboards / Dashboard / Dashboards
    title TEXT, pageLayoutId UUID
messageCampaign messageCampaigns / Campaign / Campaigns
    subject TEXT, bodyTemplate TEXT, fromAddress EMAILS,
    status SELECT(DRAFT|SCHEDULED|SENDING|SENT|SENT_WITH_ERRORS)=DRAFT,
    sentAt DATE_TIME, sentCount NUMBER=0, failedCount NUMBER=0, bouncedCount NUMBER=0, complainedCount NUMBER=0,
    unsubscribeTopicId UUID
    list > messageList.campaigns
messageChannelMessageAssociationMessageFolder messageChannelMessageAssociationMessageFolders / \
Message Channel Message Association Message Folder / Message Channel Message Association Message Folders
    messageFolderId UUID
    messageChannelMessageAssociation >> messageChannelMessageAssociation.messageFolders
messageChannelMessageAssociation messageChannelMessageAssociations / Message Channel Message Association / \
Message Channel Message Associations
    messageExternalId TEXT, messageThreadExternalId TEXT, direction SELECT(INCOMING|OUTGOING)=INCOMING,
    messageChannelId UUID
    message >> message.messageChannelMessageAssociations,
    messageThread >> messageThread.messageChannelMessageAssociations
messageListMember messageListMembers / List Member / List Members
    list >> messageList.members, person >> person.listMemberships
messageList messageLists / List / Lists
    name TEXT
messageParticipant messageParticipants / Message Participant / Message Participants
    role SELECT(FROM|TO|CC|BCC|REPLY_TO)=FROM, handle TEXT, displayName TEXT
    messageCampaign > messageCampaign.recipients, message >> message.messageParticipants,
    person > person.messageParticipants, workspaceMember > workspaceMember.messageParticipants
message messages / Message / Messages
    headerMessageId TEXT, subject TEXT, text TEXT, receivedAt DATE_TIME,
    deliveryStatus SELECT(QUEUED|SENT|FAILED|BOUNCED|COMPLAINED|SKIPPED), isDraft BOOLEAN=false
    messageCampaign > messageCampaign.messages, messageThread >> messageThread.messages
messageThread messageThreads / Message Thread / Message Threads
    subject TEXT
note notes / Note / Notes
    title TEXT, bodyV2 RICH_TEXT
noteTarget noteTargets / Note Target / Note Targets
    targetCompany >> company.noteTargets, note >> note.noteTargets, targetPerson >> person.noteTargets,
    targetOpportunity >> opportunity.noteTargets
opportunity opportunities / Opportunity / Opportunities
    name TEXT, amount CURRENCY, closeDate DATE_TIME, stage SELECT(NEW|SCREENING|MEETING|PROPOSAL|CUSTOMER)=NEW
    company > company.opportunities, pointOfContact > person.pointOfContactForOpportunities,
    owner > workspaceMember.ownedOpportunities
person people / Person / People
    name FULL_NAME, emails EMAILS unique, linkedinLink LINKS, jobTitle TEXT, phones PHONES, avatarUrl TEXT,
    avatarFile FILES
    company > company.people
task tasks / Task / Tasks
    title TEXT, bodyV2 RICH_TEXT, dueAt DATE_TIME, status SELECT(TODO|IN_PROGRESS|DONE)=TODO
    assignee > workspaceMember.assignedTasks
taskTarget taskTargets / Task Target / Task Targets
    targetCompany >> company.taskTargets, targetOpportunity >> opportunity.taskTargets,
    targetPerson >> person.taskTargets, task >> task.taskTargets
timelineActivity timelineActivities / Timeline Activity / Timeline Activities
    properties RAW_JSON, happensAt DATE_TIME, name TEXT, linkedRecordCachedName TEXT, linkedRecordId UUID,
    linkedObjectMetadataId UUID
    targetCompany >> company.timelineActivities, targetDashboard >> dashboard.timelineActivities,
    targetMessageCampaign >> messageCampaign.timelineActivities, targetMessageList >> messageList.timelineActivities,
    targetNote >> note.timelineActivities, targetOpportunity >> opportunity.timelineActivities,
    targetPerson >> person.timelineActivities, targetTask >> task.timelineActivities,
    workspaceMember > workspaceMember.timelineActivities, targetWorkflow >> workflow.timelineActivities,
    targetWorkflowVersion >> workflowVersion.timelineActivities, targetWorkflowRun >> workflowRun.timelineActivities
workflowAutomatedTrigger workflowAutomatedTriggers / Workflow Automated Trigger / Workflow Automated Triggers
    type SELECT(DATABASE_EVENT|CRON)=DATABASE_EVENT, settings RAW_JSON
    workflow >> workflow.automatedTriggers
workflowRun workflowRuns / Workflow Run / Workflow Runs
    name TEXT, enqueuedAt DATE_TIME, startedAt DATE_TIME, endedAt DATE_TIME,
    status SELECT(NOT_STARTED|RUNNING|COMPLETED|FAILED|ENQUEUED|STOPPING|STOPPED)=NOT_STARTED, state RAW_JSON,
    stepLogs RAW_JSON
    workflow >> workflow.runs, workflowVersion >> workflowVersion.runs
workflow workflows / Workflow / Workflows
    name TEXT, lastPublishedVersionId TEXT, statuses MULTI_SELECT(DRAFT|ACTIVE|DEACTIVATED)
workflowVersion workflowVersions / Workflow Version / Workflow Versions
    name TEXT, trigger RAW_JSON, steps RAW_JSON, status SELECT(DRAFT|ACTIVE|DEACTIVATED|ARCHIVED)=DRAFT
    workflow >> workflow.versions
workspaceMember workspaceMembers / Workspace Member / Workspace Members
    name FULL_NAME, colorScheme TEXT=System, locale TEXT=en, avatarUrl TEXT, userEmail TEXT unique, jobTitle TEXT,
    calendarStartDay NUMBER=7, userId UUID, timeZone TEXT=system,
    dateFormat SELECT(SYSTEM|MONTH_FIRST|DAY_FIRST|YEAR_FIRST)=SYSTEM, timeFormat SELECT(SYSTEM|HOUR_24|HOUR_12)=SYSTEM,
    numberFormat SELECT(SYSTEM|COMMAS_AND_DOT|SPACES_AND_COMMA|DOTS_AND_COMMA|APOSTROPHE_AND_DOT)=SYSTEM
"""

# Objects that a person works with; all others are the server's own.
NOT_SYSTEM = frozenset(
    {"company", "dashboard", "note", "opportunity", "person", "task", "workflow", "workflowRun", "workflowVersion"}
)

ACTOR_DEFAULT = {"name": "'System'", "source": "'MANUAL'", "context": None, "workspaceMemberId": None}

# Every object has these: name, type, label, whether it may be null, default (contracts/twenty/metadata-rest).
SHARED_FIELDS = (
    ("id", "UUID", "Id", False, "uuid"),
    ("createdAt", "DATE_TIME", "Creation date", False, "now"),
    ("updatedAt", "DATE_TIME", "Last update", False, "now"),
    ("deletedAt", "DATE_TIME", "Deleted at", True, None),
    ("createdBy", "ACTOR", "Created by", False, ACTOR_DEFAULT),
    ("updatedBy", "ACTOR", "Updated by", False, ACTOR_DEFAULT),
    ("position", "POSITION", "Position", False, 0),
    ("searchVector", "TS_VECTOR", "Search vector", True, None),
)

# A custom object is linked to these from its birth: (object, its field here, label).
COMPANIONS = (
    ("timelineActivity", "timelineActivities", "Timeline Activities"),
    ("attachment", "attachments", "Attachments"),
    ("noteTarget", "noteTargets", "Note Targets"),
    ("taskTarget", "taskTargets", "Task Targets"),
)

# Names that no field or object may have (facts of Twenty 2.21, metadata).
_RESERVED_PAIRS = """
approvedAccessDomain appToken billingCustomer billingEntitlement billingMeter billingProduct billingSubscription
billingSubscriptionItem featureFlag job keyValuePair pageLayout pageLayoutTab pageLayoutWidget twoFactorMethod user
userWorkspace workspace role userWorkspaceRole plan event field link object relation
""".split()
RESERVED = frozenset(
    [
        *_RESERVED_PAIRS,
        *(f"{name}s" for name in _RESERVED_PAIRS),
        *("currency", "currencies", "address", "addresses", "type", "types", "search", "searches"),
        *("fullNames", "index", "aggregate"),
    ]
)
