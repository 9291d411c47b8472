#!/usr/bin/env bash
# A cluster with kpack accepts fields that kpack does not have, although its validating webhook decodes strictly.
#
# Version: kpack 0.18.0 (github.com/pivotal/kpack, knative.dev/pkg 4e27b2e68090). Needs Go 1.25 or newer and some minutes to compile.
#
# kpack's cmd/webhook registers a validating webhook that disallows unknown fields, and a defaulting webhook that allows them. A
# misspelt field, or one from an old article such as `syncPeriod`, should be refused. But Kubernetes calls the defaulting webhook
# first, and that one decodes the object into its Go type, encodes it again and returns the difference as a patch. The patch removes
# the field, so the strict webhook never sees it. The user gets no error and no warning, and the field has no effect.
#
# Seen: the lines at the end, which the run must print again.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pivotal/kpack/pkg/apis/build/v1alpha2"
	patches "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	_ "knative.dev/pkg/client/injection/kube/client/fake"
	_ "knative.dev/pkg/client/injection/kube/informers/admissionregistration/v1/mutatingwebhookconfiguration/fake"
	_ "knative.dev/pkg/client/injection/kube/informers/admissionregistration/v1/validatingwebhookconfiguration/fake"
	_ "knative.dev/pkg/client/injection/kube/informers/factory/fake"
	"knative.dev/pkg/injection"
	_ "knative.dev/pkg/injection/clients/namespacedkube/informers/core/v1/secret/fake"
	"knative.dev/pkg/webhook"
	"knative.dev/pkg/webhook/resourcesemantics"
	"knative.dev/pkg/webhook/resourcesemantics/defaulting"
	"knative.dev/pkg/webhook/resourcesemantics/validation"
)

const image = `{"apiVersion":"kpack.io/v1alpha2","kind":"Image","metadata":{"name":"app","namespace":"default"},"spec":{
  "tag":"registry.example/app","syncPeriod":"30m","builder":{"kind":"ClusterBuilder","name":"base"},
  "source":{"git":{"url":"https://git.example/app","revision":"main"}}}}`

func main() {
	os.Setenv("SYSTEM_NAMESPACE", "kpack")
	kinds := map[schema.GroupVersionKind]resourcesemantics.GenericCRD{v1alpha2.SchemeGroupVersion.WithKind("Image"): &v1alpha2.Image{}}
	ctx, _ := injection.Fake.SetupInformers(context.Background(), &rest.Config{})
	ctx = webhook.WithOptions(ctx, webhook.Options{ServiceName: "kpack-webhook", Port: 8443, SecretName: "webhook-certs"})
	same := func(ctx context.Context) context.Context { return ctx }
	// As in kpack's cmd/webhook: false and true are whether unknown fields are disallowed.
	defaults := defaulting.NewAdmissionController(ctx, "defaults", "/defaults", kinds, same, false).Reconciler.(webhook.AdmissionController)
	strict := validation.NewAdmissionController(ctx, "validation", "/validate", kinds, same, true).Reconciler.(webhook.AdmissionController)
	admit := func(controller webhook.AdmissionController, document []byte) (string, []byte) {
		answer := controller.Admit(context.Background(), &admissionv1.AdmissionRequest{
			Kind:      metav1.GroupVersionKind{Group: "kpack.io", Version: "v1alpha2", Kind: "Image"},
			Operation: admissionv1.Create,
			Object:    runtime.RawExtension{Raw: document},
		})
		if !answer.Allowed {
			return answer.Result.Message, nil
		}
		return "accepted", answer.Patch
	}
	text, _ := admit(strict, []byte(image))
	fmt.Println("validating webhook alone:", text)
	_, patch := admit(defaults, []byte(image))
	changes, err := patches.DecodePatch(patch)
	if err != nil {
		panic(err)
	}
	for _, change := range changes {
		if path, _ := change.Path(); change.Kind() == "remove" {
			fmt.Println("defaulting webhook removes:", path)
		}
	}
	document, err := changes.Apply([]byte(image))
	if err != nil {
		panic(err)
	}
	text, _ = admit(strict, document)
	fmt.Println("validating webhook after it:", text)
}
GO

export GOFLAGS=-mod=mod CGO_ENABLED=0
go mod init example.com/unknown-fields >/dev/null 2>&1
go get github.com/pivotal/kpack@v0.18.0 gopkg.in/evanphx/json-patch.v4@v4.12.0 knative.dev/pkg@v0.0.0-20250610210745-4e27b2e68090 \
  k8s.io/api@v0.34.3 k8s.io/apimachinery@v0.34.3 k8s.io/client-go@v0.34.3 >/dev/null 2>&1
go run . 2>/dev/null >seen

diff - seen <<'SEEN'
validating webhook alone: decoding request failed: cannot decode incoming new object: json: unknown field "syncPeriod"
defaulting webhook removes: /spec/syncPeriod
validating webhook after it: accepted
SEEN
echo "kpack 0.18.0 removes an unknown field, and then accepts the object"
