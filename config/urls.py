"""The whole site map."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from documents import api as documents_api
from documents import views_files as document_files
from documents import views_lists as document_lists
from documents import views_queue as review_queue
from documents import views_review as document_review
from documents import views_strip as document_strip
from ingestion import api as ingestion_api
from ingestion import api_investigations, api_workers, health, metrics
from ingestion import views as ingestion
from ingestion import views_investigations as questions
from ingestion import views_reviewing as review_figures
from ingestion import views_rework as rework
from ingestion import views_upload as front_door
from ingestion.admin import accuracy, language, panel
from search import api as search_api
from search import views as search
from search import views_saved as saved_searches

admin.site.site_header = admin.site.site_title = "Docket"
admin.site.index_title = "What runs, what failed, what is known"
# Its lists are wide; the front page leads everywhere.
admin.site.enable_nav_sidebar = False

urlpatterns = [
    path("", front_door.home, name="home"),
    path("upload", front_door.upload, name="upload"),
    path("upload/batch", front_door.open_batch, name="batch-open"),
    path("upload/batch/<uuid:job_id>/close", front_door.close_batch, name="batch-close"),
    path("samples", front_door.samples, name="samples"),
    path("jobs", ingestion.jobs, name="jobs"),
    path("jobs/live", ingestion.jobs_live, name="jobs-live"),
    path("jobs/<uuid:job_id>/pages", ingestion.job_pages, name="job-pages"),
    path("jobs/<uuid:job_id>/steps", ingestion.job_steps, name="job-steps"),
    path("jobs/<uuid:job_id>", ingestion.job, name="job"),
    path("jobs/<uuid:job_id>/progress", ingestion.progress, name="job-progress"),
    path("jobs/<uuid:job_id>/timeline", ingestion.job_timeline, name="job-timeline"),
    path(
        "jobs/<uuid:job_id>/steps/<int:step_id>/retry",
        ingestion.retry_step,
        name="job-step-retry",
    ),
    path("statistics", ingestion.statistics, name="statistics"),
    path("jobs/<uuid:job_id>/cancel", ingestion.cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry", ingestion.retry, name="job-retry"),
    path("jobs/<uuid:job_id>/priority", ingestion.set_priority, name="job-priority"),
    path("documents", document_lists.documents, name="documents"),
    path("documents/download", document_lists.download, name="documents-download"),
    path(
        "documents/<uuid:document_id>/draft.<str:form>",
        document_lists.draft,
        name="document-draft",
    ),
    path("documents/<uuid:document_id>", document_review.document, name="document"),
    path("documents/<uuid:document_id>/confirm", document_review.confirm, name="document-confirm"),
    path("documents/<uuid:document_id>/correct", document_review.correct, name="document-correct"),
    path("documents/<uuid:document_id>/reject", document_review.reject, name="document-reject"),
    path("documents/<uuid:document_id>/reopen", document_review.reopen, name="document-reopen"),
    path("documents/<uuid:document_id>/check", document_review.check, name="document-check"),
    path("documents/<uuid:document_id>/history", document_review.history, name="document-history"),
    path("documents/<uuid:document_id>/type", ingestion.reclassify, name="document-reclassify"),
    path("documents/<uuid:document_id>/pages", document_strip.pages, name="document-pages"),
    path("documents/<uuid:document_id>/split", rework.split, name="document-split"),
    path("documents/<uuid:document_id>/merge", rework.merge, name="document-merge"),
    path("documents/<uuid:document_id>/move", rework.move, name="document-move"),
    path("documents/<uuid:document_id>/reorder", rework.reorder, name="document-reorder"),
    path("documents/<uuid:document_id>/rotate", rework.turn, name="document-rotate"),
    path("documents/<uuid:document_id>/turn", review_queue.turn, name="document-turn"),
    path("documents/<uuid:document_id>/leave", review_queue.leave, name="document-leave"),
    path("documents/<uuid:document_id>/next", review_queue.following, name="document-next"),
    path("documents/<uuid:document_id>/previous", review_queue.preceding, name="document-previous"),
    path("documents/<uuid:document_id>/postpone", review_queue.postpone, name="document-postpone"),
    path("documents/<uuid:document_id>/recall", review_queue.recall, name="document-recall"),
    path("review", review_queue.queue, name="review"),
    path("review/start", review_queue.start, name="review-start"),
    path("review/confirm", review_queue.confirm_many, name="review-confirm"),
    path("review/figures", review_figures.figures, name="review-figures"),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>.webp",
        document_files.page_image,
        name="page-image",
    ),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>-small.webp",
        document_files.page_thumbnail,
        name="page-thumbnail",
    ),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>/words",
        document_review.words,
        name="page-words",
    ),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>/text",
        document_review.page_text,
        name="page-text",
    ),
    path("uploads/<uuid:upload_id>/original", document_files.original, name="original"),
    path(
        "uploads/<uuid:upload_id>/pages/<int:number>/matches",
        search.page_matches,
        name="page-matches",
    ),
    path("search", search.search, name="search"),
    path("search/suppliers", search.suppliers, name="search-suppliers"),
    path("search/saved", saved_searches.keep, name="search-keep"),
    path("search/saved/<uuid:saved_id>", saved_searches.change, name="search-change"),
    path("search/saved/<uuid:saved_id>/delete", saved_searches.delete, name="search-delete"),
    path("investigations", questions.investigations, name="investigations"),
    path("investigations/<uuid:investigation_id>", questions.investigation, name="investigation"),
    path(
        "investigations/<uuid:investigation_id>/progress",
        questions.progress,
        name="investigation-progress",
    ),
    path(
        "investigations/<uuid:investigation_id>/documents.csv",
        questions.as_csv,
        name="investigation-csv",
    ),
    path(
        "investigations/<uuid:investigation_id>/cancel",
        questions.cancel,
        name="investigation-cancel",
    ),
    path(
        "investigations/<uuid:investigation_id>/retry", questions.retry, name="investigation-retry"
    ),
    path(
        "investigations/<uuid:investigation_id>/delete",
        questions.delete,
        name="investigation-delete",
    ),
    path("projects", document_lists.project_create, name="project-create"),
    path("login", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("api/v1/jobs", ingestion_api.JobsView.as_view(), name="api-jobs"),
    path("api/v1/jobs/<uuid:id>", ingestion_api.JobView.as_view(), name="api-job"),
    path("api/v1/jobs/retry", ingestion_api.RetryFailedView.as_view(), name="api-jobs-retry"),
    path("api/v1/jobs/<uuid:id>/cancel", ingestion_api.CancelView.as_view(), name="api-cancel"),
    path("api/v1/jobs/<uuid:id>/retry", ingestion_api.RetryView.as_view(), name="api-retry"),
    path(
        "api/v1/jobs/<uuid:id>/priority", ingestion_api.PriorityView.as_view(), name="api-priority"
    ),
    path("api/v1/steps/<int:id>/retry", ingestion_api.StepRetryView.as_view(), name="api-step"),
    path("api/v1/process", ingestion_api.ProcessView.as_view(), name="api-process"),
    path("api/v1/workers", api_workers.WorkersView.as_view(), name="api-workers"),
    path("api/v1/workers/pause", api_workers.PauseView.as_view(), name="api-pause"),
    path("api/v1/workers/resume", api_workers.ResumeView.as_view(), name="api-resume"),
    path("api/v1/documents/<uuid:id>", documents_api.DocumentView.as_view(), name="api-document"),
    path(
        "api/v1/investigations",
        api_investigations.InvestigationsView.as_view(),
        name="api-investigations",
    ),
    path(
        "api/v1/investigations/<uuid:id>",
        api_investigations.InvestigationView.as_view(),
        name="api-investigation",
    ),
    path(
        "api/v1/investigations/<uuid:id>/cancel",
        api_investigations.CancelView.as_view(),
        name="api-investigation-cancel",
    ),
    path(
        "api/v1/investigations/<uuid:id>/retry",
        api_investigations.RetryView.as_view(),
        name="api-investigation-retry",
    ),
    path("api/v1/search", search_api.SearchView.as_view(), name="api-search"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.scrape, name="metrics"),
    path("admin/", admin.site.admin_view(panel.front)),
    path("admin/language", admin.site.admin_view(language.page), name="language"),
    path("admin/accuracy", admin.site.admin_view(accuracy.page), name="accuracy"),
    path("admin/failures/retry", admin.site.admin_view(panel.retry_kind), name="retry-kind"),
    path("admin/workers/pause", admin.site.admin_view(panel.pause), name="workers-pause"),
    path("admin/workers/resume", admin.site.admin_view(panel.resume), name="workers-resume"),
    path("admin/", admin.site.urls),
]
